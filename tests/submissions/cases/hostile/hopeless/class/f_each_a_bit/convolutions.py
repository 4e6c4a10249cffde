"""Private memory in many processes."""
import os, time
for k in range(28):
    if os.fork() == 0:
        kept = bytearray(b"x") * (240 << 20)
        time.sleep(25); os._exit(0)
time.sleep(20)
plain = 1
