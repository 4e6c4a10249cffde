"""Shared memory in many processes: no one of them has much."""
import mmap, os, time
for k in range(28):
    if os.fork() == 0:
        m = mmap.mmap(-1, 240 << 20)
        for place in range(0, len(m), 4096):
            m[place] = 1
        time.sleep(25); os._exit(0)
time.sleep(20)
plain = 1
