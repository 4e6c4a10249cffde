"""Starts threads until it is refused."""
import threading
import time

for _ in range(400):
    threading.Thread(target=time.sleep, args=(20,), daemon=True).start()
