"""Walls: namespaces, file systems, system calls and limits of a box.

Floors, top first:
    lockdown, root
    cgroup, linux, process_usage, selftest
"""
