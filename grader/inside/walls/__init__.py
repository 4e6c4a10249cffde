"""Walls: namespaces, file systems, system calls and limits of a box."""
