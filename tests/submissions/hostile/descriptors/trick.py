"""Looks for a descriptor of a directory or a file that was left open, and walks out of it."""
import os
import stat
from attempts import attempt

for number in range(3, 256):
    try:
        mode = os.fstat(number).st_mode
    except OSError:
        continue
    if stat.S_ISDIR(mode) or stat.S_ISREG(mode) or stat.S_ISBLK(mode):
        print("OPENED: a file is open already:", number, flush=True)
    if stat.S_ISDIR(mode):
        attempt("..", lambda: os.close(os.open("..", os.O_RDONLY, dir_fd=number)))
print("refused: nothing else is open")
