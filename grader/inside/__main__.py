"""`python -m grader.inside <control descriptor> <run directory>`: the warm process."""

from __future__ import annotations

import socket
import sys


def main() -> None:
    """Serves until the grader closes its end of the control socket."""
    from grader.inside import warm

    warm.serve(socket.socket(fileno=int(sys.argv[1])), sys.argv[2])


if __name__ == "__main__":
    main()
