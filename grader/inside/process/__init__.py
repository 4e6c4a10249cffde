"""Processes: who starts whom, and who watches.

`forkserver` imports everything once and forks a guard for each box. `supervisor` is PID 1 of a box:
it passes questions and answers on and enforces the limits. `child` is the student's process as the
supervisor holds it; `worker` is that process, which gives up its rights, loads and answers.

Floors, top first:
    forkserver
    supervisor
    child
    worker
"""
