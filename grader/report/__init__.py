"""Reports: pages made from records; nothing is run.

Floors, top first:
    mark_page
    pages
    class_page, notebook_page, student_view
    misconceptions, notebook_cells, summary
    evidence, listing
    drawing, plots, ranking, strips
    dress, escape, texts
"""
