"""The ledger: one SQLite file that keeps what was measured and decided.

Floors, top first:
    ledger
    budget, database
    pieces
    codec, results, schema
"""
