"""Layouts: how a source arranges the files of a class, one small module a source.

Floors, top first:
    plain
    layout
"""
