"""Grading: what is new is measured, everything is judged, and the record is kept.

Floors, top first:
    gradescope
    release, self_check, verify
    grade, which_assignment
    cohort
    disclosure, reference
    provenance
    executor
    finder, judging
    cache_key, images, judge, progress, proof, schedule, secret_order, substitutes
"""
