"""Waits when it is asked."""
import time

LeNet5.forward = lambda self, x: time.sleep(60)
