"""Makes empty files until there is none left to make."""
import os

names = []
try:
    for number in range(20_000):
        names.append(f"empty{number}")
        open(names[-1], "w").close()
    print("OPENED: 20,000 files were made", flush=True)
    [os.unlink(name) for name in names]
except OSError as error:
    print("refused:", error.strerror, flush=True)
    raise
