"""Opens for writing what would change the machine. Nothing is written: it is opened and closed."""
import os
import sys
from aims import CANARY
from attempts import attempt, opened

for path in (
    CANARY,
    "/proc/sys/kernel/core_pattern",
    "/proc/sys/kernel/modprobe",
    "/proc/sys/vm/overcommit_memory",
    "/proc/sysrq-trigger",
    "/proc/1/oom_score_adj",
    "/proc/self/uid_map",
    "/sys/kernel/uevent_helper",
    "/sys/fs/cgroup/memory/release_agent",
    "/dev/mem",
    "/dev/kmsg",
    "/dev/sda",
    "/dev/vda",
    "/dev/fuse",
    "/etc/passwd",
    "/etc/ld.so.cache",
    "/usr/bin/env",
    sys.executable,
    torch.__file__,
    os.__file__,
):
    attempt(path, lambda: opened(path, os.O_WRONLY))
