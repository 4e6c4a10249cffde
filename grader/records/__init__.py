"""Records: what flows through the grader, frozen, and how untrusted values are read.

Floors, top first:
    measurements
    untrusted
    records
    advice, errors, file_names
"""
