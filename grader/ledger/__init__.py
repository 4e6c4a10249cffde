"""The ledger: one SQLite file that keeps what was measured and decided."""
