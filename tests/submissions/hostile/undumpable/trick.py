"""Makes itself invisible to whoever counts its memory, then takes too much of it."""
import ctypes
import os
import time

ctypes.CDLL(None).prctl(4, 0)
print("dumpable:", ctypes.CDLL(None).prctl(3), flush=True)
for _ in range(4):
    if os.fork() == 0:
        ctypes.CDLL(None).prctl(4, 0)
        kept = b"x" * (500 << 20)
        time.sleep(20)
        os._exit(0)
time.sleep(20)
