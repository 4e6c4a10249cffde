"""Loading: the student's file becomes names, as much of it as can be read.

Floors, top first:
    absent
    namespace
    reading
    blanks
    recovery
    definitions, margins
"""
