"""The only code of the grader that enters the sandbox; it imports nothing else of the grader.

`process` starts and watches: the fork server, a guard and a supervisor for each box, and the
student's process. `measuring` answers questions about what the student's names are bound to, by
operators, numbers and calls. `notebooks` runs notebooks cell by cell on a kernel in the box.
`loading` turns the student's file into names, as much of it as can be read, and describes errors.
`shims` let code run that was written for other machines: a GPU, Colab, downloads. `walls` are
namespaces, file systems, system calls and limits of a box. `schema` names everything that crosses
the trust line, and `wire` is its form: frames of JSON and arrays.

Beside the rooms stand `cell` (names of cells, a kernel's sockets), `remarks` (how the student's
code was helped), `streams` (pipes, and what was printed) and
`libraries` (where what is installed lies) and `allowance` (when a piece of student code is
stopped).

Floors, top first:
    __main__
    process
    measuring, notebooks
    loading, shims
    allowance, cell, remarks, streams, walls
    libraries, schema
    wire
"""
