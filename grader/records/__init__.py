"""Records: what flows through the grader, frozen, and how untrusted values are read.

Floors, top first:
    measurements
    untrusted
    records
    advice, asked_files, extensions, file_names
    errors
"""
