"""Writes files until there is no room."""
import os

# At most 200 MiB, and taken away again: where no limit were, no disk would suffer.
names, piece = [], bytes(1 << 20)
try:
    for number in range(200):
        names.append(f"./fill{number}")
        with open(names[-1], "wb") as file:
            file.write(piece)
    print("OPENED: 200 MiB were written", flush=True)
    [os.unlink(name) for name in names]
except OSError as error:
    print("refused:", error.strerror, flush=True)
    raise
