"""Reports: pages made from records; nothing is run.

Floors, top first:
    mark_page
    pages
    class_page, notebook_page
    misconceptions, notebook_cells, summary
    dress, escape, evidence, ranking
"""
