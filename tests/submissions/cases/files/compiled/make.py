"""Students who compile their networks."""

from pathlib import Path

from kit.written import NET, write

CLASS = "class LeNet5(nn.Module):"
FORWARD = "    def forward(self"
ACT = "@torch.jit.script\ndef act(x: torch.Tensor) -> torch.Tensor:\n    return torch.relu(x)\n"
USED = "model(torch.zeros(2, 1, 32, 32))"


def make(folder: Path) -> None:
    sources = {
        "Instance": f"{NET}\nmodel = torch.compile(LeNet5())\n{USED}\n",
        "Arguments": f"{NET}\nmodel = torch.compile(LeNet5(), mode='max-autotune', fullgraph=True)\n{USED}\n",
        "Method": NET.replace(FORWARD, f"    @torch.compile\n{FORWARD}"),
        "Called": NET.replace(FORWARD, f"    @torch.compile(dynamic=True)\n{FORWARD}"),
        "Class": NET.replace(CLASS, f"@torch.compile\n{CLASS}"),
        "InPlace": f"{NET}\nmodel = LeNet5()\nmodel.compile(backend='inductor')\n{USED}\n",
        "Within": NET.replace("nn.Linear(84, 10)", "nn.Linear(84, 10)\n        self.compile()"),
        "Layer": NET.replace("nn.Linear(84, 10)", "torch.compile(nn.Linear(84, 10))"),
        "Older": f"{NET}\nmodel = torch._dynamo.optimize('inductor')(LeNet5())\n{USED}\n",
        "Saved": f"{NET}\nmodel = torch.compile(LeNet5())\nstate = model._orig_mod.state_dict()\n",
    }
    sources |= {
        "Scripted": f"{NET}\nmodel = torch.jit.script(LeNet5())\nmodel.save('scripted.pt')\n{USED}\n",
        "ScriptedName": f"{NET}\nLeNet5 = torch.jit.script(LeNet5())\n",
        "Traced": f"{NET}\nmodel = torch.jit.trace(LeNet5(), torch.zeros(2, 1, 32, 32))\n"
        f"torch.jit.save(model, 'traced.pt')\n{USED}\n",
        "Function": NET.replace(CLASS, f"{ACT}\n{CLASS}").replace("self.fc1(x).relu()", "act(self.fc1(x))"),
    }
    cells = [NET, f"model = torch.compile(LeNet5())\nout = {USED}", "print(out.shape)"]
    write(folder, {name: {"lenet.py": text} for name, text in sources.items()})
    write(folder, {"Cells": {"lenet.ipynb": cells}})
