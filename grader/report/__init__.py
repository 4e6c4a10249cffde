"""Reports: pages made from records; nothing is run.

Floors, top first:
    mark_page
    pages
    notebook_page, student_view, summary
    evidence, listing, notebook_cells
    drawing, plots, strips
    dress, escape, texts
"""
