"""Records: what flows through the grader, frozen, and how untrusted values are read.

Submission → ExecutionRecord → measurements → Verdict → CheckResult → Graded

Floors, top first:
    measurements
    causes, hidden_checks, untrusted
    answers, result
    excerpt, execution
    submission
    advice, bounds
    messages
    adjustment, earlier, person, place
    json_values, limits
    asked_files, broken_zip, extensions, extras, file_names, likeness, mark, notebook_file
    stops, tried_versions, zip_file
    errors, temporary
"""
