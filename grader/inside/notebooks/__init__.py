"""Notebooks are read, run cell by cell on a kernel in the box, and kept as they ran.

The supervisor's side reads the file, drives nbclient and keeps outputs within their caps; the
kernel is the student's process. Each sees of the other what `host` says.

Floors, top first:
    jupyter
    cells
    driver, kernel
    client, outputs, shell
    host, notebook
"""
