"""Exports: a class's results as files for other programs, one small module a format.

Floors, top first:
    ci_github, ci_gradescope
    ci_autolab, ci_classroom, ci_junit, ci_markdown, ci_prairielearn, csv_table, leaderboard
    ci_run
    ci_format, export, points
"""
