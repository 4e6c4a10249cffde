"""Reports: pages made from records; nothing is run.

Floors, top first:
    mark_page
    pages
    class_page, notebook_files, student_view
    notebook_page, summary
    misconceptions, notebook_cells
    evidence, listing
    coloured_code, drawing, plots, ranking, strips
    dress, escape, texts
"""
