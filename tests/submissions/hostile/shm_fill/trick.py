"""Writes to shared memory until there is no room."""
import os

# At most 300 MiB, and taken away again: where no limit were, no disk would suffer.
names, piece = [], bytes(1 << 20)
try:
    for number in range(300):
        names.append(f"/dev/shm/fill{number}")
        with open(names[-1], "wb") as file:
            file.write(piece)
    print("OPENED: 300 MiB were written", flush=True)
    [os.unlink(name) for name in names]
except OSError as error:
    print("refused:", error.strerror, flush=True)
    raise
