"""Students whose code needs a package or a folder that is at home only."""

from pathlib import Path

from kit.written import NET, write

LIGHTNING = NET.replace("nn.Module", "pl.LightningModule").replace(
    "super().__init__()", "super().__init__()\n        self.save_hyperparameters()"
)
REST = """
    def training_step(self, batch, number):
        pictures, labels = batch
        loss = nn.functional.cross_entropy(self(pictures), labels)
        self.log("loss", loss)
        return loss

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters())
"""
DATA = "\nclass Data(pl.LightningDataModule):\n    def __init__(self):\n        super().__init__()\n"
FIT = "\npl.Trainer(max_epochs=1).fit(LeNet5(), Data())\n"
FROM = LIGHTNING.replace("pl.", "")
PLOT = "import matplotlib.pyplot as plt\nplt.plot([1])\nplt.savefig('figs/loss.png')\n"
RECOMPUTED = NET.replace("self.fc1(x)", "checkpoint(self.fc1, x, use_reentrant=False)")


def make(folder: Path) -> None:
    sources = {
        "Lightning": f"import pytorch_lightning as pl\n{LIGHTNING}{REST}{DATA}{FIT}",
        "NewName": f"import lightning as pl\n{LIGHTNING}{REST}{DATA}{FIT}",
        "From": f"from lightning.pytorch import LightningModule, Trainer\n{FROM}{REST}",
        "Figure": f"{NET}\n{PLOT}",
        "Saved": f"{NET}\ntorch.save(LeNet5().state_dict(), 'runs/7/lenet.pt')\n",
        "Log": f"import logging\nlogging.basicConfig(filename='logs/a.log')\n{NET}",
        "Read": f"{NET}\nopen('data/a.txt').read()\n",
        "Install": "import subprocess, sys\n"
        f"subprocess.check_call([sys.executable, '-m', 'pip', 'install', 'x'])\n{NET}",
        "Recomputed": f"from torch.utils.checkpoint import checkpoint\n{RECOMPUTED}",
    }
    write(folder, {name: {"lenet.py": text} for name, text in sources.items()})
    write(folder, {"Inner": {"lenet.py": "from net.lenet import LeNet5\n", "net/lenet.py": NET}})
