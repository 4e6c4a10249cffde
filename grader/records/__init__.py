"""Records: what flows through the grader, frozen, and how untrusted values are read.

Floors, top first:
    measurements
    untrusted
    extensions, records
    advice, asked_files, errors, file_names
"""
