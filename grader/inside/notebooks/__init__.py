"""Notebooks: reading, running cell by cell, and what comes out of it.

Floors, top first:
    jupyter
    cells
    driver, kernel
    client, host, notebook, outputs
"""
