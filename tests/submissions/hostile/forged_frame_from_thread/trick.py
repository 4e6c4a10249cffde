"""The same again and again, from a thread."""
import threading
import time
from attempts import FORGED, shout


def work():
    while True:
        shout(*FORGED)
        time.sleep(0.01)


threading.Thread(target=work, daemon=True).start()
time.sleep(0.1)
