"""Submissions: a folder or an archive in, what each student handed in out.

Floors, top first:
    collect
    asides, attempts, joining, reading
    layouts, roster, spelling, unpacking
    archive, entry
    clues
    contents, folder
    listing, tar
    code_pages, commits, definitions, times, written
    names
"""
