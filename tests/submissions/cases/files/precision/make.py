"""Students whose networks compute in lower precision, in several ways."""

from pathlib import Path

from kit.written import NET, write

FORWARD = "    def forward(self, images: torch.Tensor) -> torch.Tensor:\n"
LAST = "        return self.fc3(x)\n"


def begin(*lines: str) -> str:
    """The network whose `forward` begins with these lines."""
    return NET.replace(FORWARD, FORWARD + "".join(f"        {line}\n" for line in lines))


def decorate(line: str) -> str:
    return NET.replace(FORWARD, f"    {line}\n{FORWARD}")


def make(folder: Path) -> None:
    context = NET.replace("        x = ", "            x = ").replace(
        FORWARD, f"{FORWARD}        with torch.autocast('cpu', dtype=torch.bfloat16):\n"
    )
    cast = NET.replace(
        "self.fc1(x)", "nn.functional.linear(x.half(), self.fc1.weight.half(), self.fc1.bias.half())"
    )
    double = NET.replace(
        "self.fc1(x)",
        "nn.functional.linear(x.double(), self.fc1.weight.double(), self.fc1.bias.double()).float()",
    )
    built = NET.replace("nn.Linear(84, 10)", "nn.Linear(84, 10, dtype=torch.bfloat16)")
    sources = {
        "Decorated": decorate("@torch.autocast('cpu', dtype=torch.bfloat16)"),
        "Cuda": decorate("@torch.cuda.amp.autocast()"),
        "Context": context,
        "Float": context.replace(LAST, "        return self.fc3(x).float()\n"),
        "Network": begin("self.to(torch.bfloat16)", "images = images.to(torch.bfloat16)"),
        "Half": begin("self.half()", "images = images.half()"),
        "Typed": begin("self.to(dtype=torch.half)", "images = images.type(torch.HalfTensor)"),
        "Weights": cast,
        "Double": double,
        "LeftOn": f"{NET}\ntorch.autocast('cpu', dtype=torch.bfloat16).__enter__()\n",
        "Layer": built.replace("self.fc3(x)", "self.fc3(x.to(self.fc3.weight.dtype))"),
        "Built": NET.replace("nn.Linear(84, 10)", "nn.Linear(84, 10)\n        self.bfloat16()").replace(
            FORWARD, f"{FORWARD}        images = images.bfloat16()\n"
        ),
    }
    write(folder, {name: {"lenet.py": text} for name, text in sources.items()})
