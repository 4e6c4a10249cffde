"""Tables of pages: addresses that hold nothing, looked at."""
import mmap, os, time
for k in range(28):
    if os.fork() == 0:
        m = mmap.mmap(-1, 1 << 40, flags=mmap.MAP_PRIVATE | 0x4000, prot=mmap.PROT_READ)
        for place in range(0, 240 << 30, 1 << 21):
            m[place]
        time.sleep(25); os._exit(0)
time.sleep(20)
plain = 1
