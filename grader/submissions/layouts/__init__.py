"""Layouts: how a source arranges the files of a class, one small module a source.

Floors, top first:
    offer
    blackboard, brightspace, canvas, github, gradescope, moodle, nbgrader, pattern
    forms
    plain
    layout
"""
