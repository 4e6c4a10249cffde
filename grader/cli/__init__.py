"""The command line: verbs, options and what a terminal shows.

Floors, top first:
    commands
    terminal
"""
