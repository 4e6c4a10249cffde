"""Exports: a class's results as files for other programs, one small module a format.

Floors, top first:
    csv_table, leaderboard
    export
"""
