"""Grading: what is new is measured, everything is judged, and the record is kept.

Floors, top first:
    gradescope
    release, self_check, verify
    grade, mark_server, mark_table, which_assignment
    attempts, cohort, receive, similarity
    disclosure, reference, written
    provenance
    executor
    finder, judging
    cache_key, changes, code_sketch, excerpts, images, judge, marking, progress, proof, schedule
    secret_order, substitutes, weight_sketch
"""
