"""Writes a program of its own, and maps or runs it."""
import ctypes
import mmap
import os
import shutil
from attempts import attempt


def run(path):
    shutil.copy("/bin/true", path)
    os.chmod(path, 0o755)
    os.execv(path, ["true"])


def load(path):
    shutil.copy(torch._C.__file__, path)
    ctypes.CDLL(path)


for folder in (".", "/tmp", "/dev/shm"):
    attempt("to run a copy", lambda: run(f"{folder}/true"))
    attempt("to load a copy", lambda: load(f"{folder}/copy.so"))
