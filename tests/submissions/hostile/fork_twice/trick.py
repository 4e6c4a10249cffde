"""A fork returns into the grader's code, so that two processes would answer."""
import os

print("forked:", os.fork() >= 0, flush=True)
