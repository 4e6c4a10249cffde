"""Walls: what keeps a box apart, and what bounds it.

`root` makes namespaces and a file system, `lockdown` gives up rights to files and system calls,
`cgroup` bounds memory and tasks of a box, and `process_usage` tells what its processes use.
`selftest` tries to get out; `linux` holds the system calls that Python lacks.

Floors, top first:
    lockdown, root
    cgroup, linux, process_usage, selftest
"""
