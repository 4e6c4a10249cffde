"""Submissions: a folder or an archive in, what each student handed in out.

Floors, top first:
    collect
    layouts
    archive, entry
    clues
    contents, folder
    listing, tar
    definitions, names
"""
