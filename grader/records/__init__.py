"""Records: what flows through the grader, frozen, and how untrusted values are read.

Submission → ExecutionRecord → measurements → Verdict → CheckResult → Graded

Floors, top first:
    measurements
    untrusted
    answers, result
    execution
    submission
    bounds
    json_values, limits
    adjustment, advice, asked_files, broken_zip, extensions, extras, file_names, mark, notebook_file
    person, tried_versions, zip_file
    errors, temporary
"""
