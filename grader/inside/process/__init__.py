"""Processes: who starts whom, and who watches.

`forkserver` imports everything once and forks a guard for each box. `supervisor` is PID 1 of a box:
it passes questions and answers on and enforces the limits. `child` is the student's process as the
supervisor holds it; `worker` is that process, which gives up its rights, loads and answers.

Where a system has no fork, `fresh_interpreter` is the student's process, and what supervises it
stands outside (`grader.sandbox.plain_supervisor`). Both ways share all that is not the system's:
`conversation` (one question at a time, and the limits), `answering` and `preload`.

Floors, top first:
    forkserver, fresh_interpreter
    supervisor
    child
    worker
    answering, conversation, preload
"""
