"""Ends the process at import, with the code for success."""
import os

os._exit(0)
