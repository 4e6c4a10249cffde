"""Prints the environment, the arguments and every directory above it."""
import os
import sys

print(sorted(os.environ))
print(sys.argv, sys.orig_argv, os.getcwd(), os.path.expanduser("~"))
print("names:", len(os.environ), "uid is root:", 0 in (os.getuid(), os.geteuid()))
