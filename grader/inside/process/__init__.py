"""Processes: the fork server, the supervisor of a box, and the student's process.

Floors, top first:
    forkserver
    supervisor
    child
    worker
"""
