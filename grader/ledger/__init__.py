"""The ledger: one SQLite file that keeps what was measured and decided.

Floors, top first:
    ledger
    overlay
    budget, database, entries
    curve, due, marks, pieces, sketches
    codec, results, schema
"""
