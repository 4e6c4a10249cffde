"""Grading: what is new is measured, everything is judged, and the record is kept.

Floors, top first:
    self_check, verify
    grade
    cohort
    provenance
    executor
    cache_key, judge, progress, proof, schedule
"""
