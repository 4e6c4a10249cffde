"""Exports: a class's results as files for other programs, one small module a format.

Floors, top first:
    delivery
    brightspace, canvas, csv_table, excel, gradescope, leaderboard, moodle, moodle_feedback
    pages_zip
    filling, grade_table, report_files
    matching, packing, table
    export
"""
