"""Notebooks: reading, running cell by cell, and what comes out of it."""
