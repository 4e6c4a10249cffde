"""Forks without end. Where no limit were, a clock would stop it."""
import os
import time

end = time.monotonic() + 20
while time.monotonic() < end:
    try:
        os.fork()
    except OSError:
        pass
