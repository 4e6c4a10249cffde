"""`python -m grader.inside <control descriptor> <run directory> [notebooks]`: the fork server."""

from __future__ import annotations

import socket
import sys


def main() -> None:
    """Serves until the grader closes its end of the control socket."""
    from grader.inside.walls import linux

    linux.continue_without_parent()  # what follows takes seconds
    from grader.inside.process import forkserver

    control = socket.socket(fileno=int(sys.argv[1]))
    forkserver.serve(control, sys.argv[2], notebooks="notebooks" in sys.argv[3:])


if __name__ == "__main__":
    main()
