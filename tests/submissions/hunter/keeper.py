"""Keeps a secret in each place of its own process, then imports a submission, as graders did."""

import ctypes, gc, os, sys, types

sys.path.insert(0, "")
_, in_module, in_frame, in_closure, in_memory, in_pipe = sys.stdin.read().split()
sys.modules["kept"] = types.ModuleType("kept")
sys.modules["kept"].note = in_module

libc = ctypes.CDLL(None)
libc.strdup.restype = ctypes.c_void_p
libc.strdup(in_memory.encode())
readable, writable = os.pipe()
os.write(writable, in_pipe.encode())

def closure(text):
    return lambda: text

keepers = [[closure(in_closure)]]

def run(in_frame):
    import tiny

run(in_frame)
