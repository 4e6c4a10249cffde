"""Reports: pages made from records; nothing is run.

Floors, top first:
    mark_page
    pages
    notebook_page, summary
    notebook_cells
    escape, evidence
"""
