"""Assignments: probes, checks, variants and the course that holds them.

Floors, top first:
    course
    loader
    assignment
    handout, probe, specimens, variants
"""
