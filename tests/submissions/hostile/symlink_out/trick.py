"""Makes links to files outside, and opens what they lead to."""
import os
from aims import CANARY, OURS
from attempts import attempt, opened


def follow(path, name):
    os.symlink(path, name)
    opened(name)


for number, path in enumerate((CANARY, *OURS, "/etc/shadow", "/proc/1/environ")):
    attempt("a link", lambda: follow(path, f"link{number}"))
    attempt("a hard link", lambda: os.link(path, f"hard{number}"))
attempt("a link above", lambda: follow("../../../../.." + CANARY, "results.json"))
