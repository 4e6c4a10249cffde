"""Asks whether it may signal other processes: signal 0 asks, and does nothing."""
import os
from aims import PIDS
from attempts import attempt

parent = os.getppid() or 1
for pid in (1, parent, *PIDS):
    attempt("kill", lambda: os.kill(pid, 0))
    attempt("affinity", lambda: os.sched_setaffinity(pid, os.sched_getaffinity(pid)))
    attempt("priority", lambda: os.setpriority(os.PRIO_PROCESS, pid, 0))
attempt("kill everyone", lambda: os.kill(-1, 0))
for number in (parent, *PIDS):
    attempt("a process group", lambda: os.kill(-number, 0))
