"""Waits without computing."""
import time

time.sleep(60)
