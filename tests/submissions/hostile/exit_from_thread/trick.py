"""A thread ends the process a moment later."""
import os
import threading
import time

threading.Timer(0.02, os._exit, [0]).start()
time.sleep(0.01)
