"""Opens the memory of other processes, and asks the kernel for it."""
import os
from aims import PIDS
from attempts import attempt, call, opened

for pid in (1, os.getppid() or 1, *PIDS):
    attempt("mem", lambda: opened(f"/proc/{pid}/mem"))
    attempt("mem to write", lambda: opened(f"/proc/{pid}/mem", os.O_WRONLY))
    attempt("process_vm_readv", lambda: call("process_vm_readv", pid, 0, 0, 0, 0, 0))
    attempt("kcmp", lambda: call("kcmp", pid, pid, 0, 0, 0))
    attempt("pidfd", lambda: os.close(os.pidfd_open(pid)))
