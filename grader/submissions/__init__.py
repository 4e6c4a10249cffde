"""Submissions: a folder or an archive in, what each student handed in out.

Floors, top first:
    collect
    layouts, spelling, unpacking
    archive, entry
    clues
    contents, folder
    listing, tar
    code_pages, definitions, names, written
"""
