"""Looks into the environment and the arguments of other processes."""
import os
from aims import PIDS
from attempts import attempt, opened

for pid in (1, os.getppid() or 1, *PIDS):
    for name in ("environ", "cmdline", "maps", "fd", "cwd", "root", "ns/mnt"):
        attempt(f"{name} of another process", lambda: opened(f"/proc/{pid}/{name}"))
