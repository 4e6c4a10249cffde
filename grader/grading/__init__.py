"""Grading: what is new is measured, everything is judged, and the record is kept.

Floors, top first:
    release, self_check, verify
    grade
    cohort
    disclosure, provenance
    executor
    cache_key, judge, proof, schedule
"""
