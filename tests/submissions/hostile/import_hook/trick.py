"""Whatever is imported from now on is the student's."""
import sys


class Finder:
    def find_spec(self, name, path=None, target=None):
        raise SystemExit(f"no {name} for you")


sys.meta_path.insert(0, Finder())
sys.path_hooks.clear()
sys.path.clear()
