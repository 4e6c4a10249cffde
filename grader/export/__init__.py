"""Exports: a class's results as files for other programs, one small module a format.

Floors, top first:
    ci_github, ci_gradescope, delivery
    brightspace, canvas, ci_autolab, ci_classroom, ci_junit, ci_markdown, ci_prairielearn, csv_table
    excel, gradescope, leaderboard, moodle, moodle_feedback, pages_zip
    ci_run, filling, grade_table, report_files
    ci_format, matching, packing, table
    export, points
"""
