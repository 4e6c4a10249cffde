"""Makes one file of 8 GiB without writing it."""
import os

with open("large", "wb") as file:
    os.ftruncate(file.fileno(), 8 << 30)
print("OPENED: a file of 8 GiB", flush=True)
os.unlink("large")
