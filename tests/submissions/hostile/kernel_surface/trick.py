"""Calls that open large parts of the kernel, each with arguments that ask for nothing."""
from attempts import attempt, call

for name, arguments in dict(
    add_key=(b"user", b"x", b"x", 1, -3),
    bpf=(0, 0, 0),
    init_module=(0, 0, b""),
    io_uring_setup=(1, 0),
    kcmp=(1, 1, 0, 0, 0),
    kexec_load=(0, 0, 0, 0),
    keyctl=(0, -3, 0),
    memfd_create=(b"x", 0),
    move_pages=(0, 0, 0, 0, 0, 0),
    mq_open=(b"x", 66, 0o600, 0),
    msgget=(0, 0o1600),
    name_to_handle_at=(-100, b".", 0, 0, 0),
    open_by_handle_at=(-100, 0, 0),
    perf_event_open=(0, 0, 0, 0, 0),
    personality=(0x0040000,),
    pidfd_getfd=(0, 0, 0),
    ptrace=(0, 0, 0, 0),
    semget=(0, 1, 0o1600),
    shmget=(0, 4096, 0o1600),
    userfaultfd=(0,),
    vmsplice=(0, 0, 0, 0),
).items():
    attempt(name, lambda: call(name, *arguments))
from attempts import NUMBERS, checked, libc

attempt("a call that is newer than the table", lambda: checked(libc.syscall(470, 0)))
attempt("a call of the x32 family", lambda: checked(libc.syscall(0x40000000 + 39)))
