"""Assignments: probes, checks, variants and the course that holds them.

Floors, top first:
    course, kit
    loader
    assignment
    handout, probe, room, specimens, variants
    course_files, requirements
"""
