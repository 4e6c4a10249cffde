"""Maps memory that is shared with nobody, and touches it."""
import mmap

kept = []
while True:
    kept.append(mmap.mmap(-1, 256 << 20))
    for place in range(0, 256 << 20, 1 << 20):
        kept[-1][place] = 1
