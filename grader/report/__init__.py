"""Reports: pages made from records; nothing is run.

Floors, top first:
    mark_page
    pages
    class_page, notebook_files
    notebook_page, summary
    misconceptions, notebook_cells
    coloured_code, dress, escape, evidence, ranking
"""
