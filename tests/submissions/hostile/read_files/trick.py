"""Looks for the reference, the assignment, the ledger, other students, homes and passwords."""
import os
import sys
from aims import CANARY, OURS
from attempts import attempt, opened

for path in (*OURS, CANARY, "/etc/shadow", "/etc/hostname", "/root/.bashrc", "/root/.ssh", "/var/log"):
    attempt(path, lambda: opened(path))
    attempt(path + "/", lambda: os.listdir(path))
shown = (os.path.realpath(sys.base_prefix), os.path.realpath(sys.prefix), os.path.realpath(torch.__file__))
for folder in ("/root", "/home", "/var", "/srv", "/mnt", "/opt", "/boot", "/etc/ssh", "/run/user"):
    if not any(path.startswith(folder + "/") for path in shown):  # else the interpreter lies there
        attempt(folder, lambda: os.listdir(folder)[0])
print("looked", flush=True)
