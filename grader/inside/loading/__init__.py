"""Loading: the student's file becomes names, as much of it as can be read.

`namespace` runs a module and describes its errors; `own_modules` lets imports find the student's
files. `reading` decides what of a source is run: `definitions` chooses where an assignment takes
those only, `recovery` reads what does not parse, and `blanks` finds what was left to be filled in.
`imported_notebooks` imports notebooks as modules, `absent` stands in for packages that are not
here, and `handed_in` keeps what came from what the code makes of it.

Floors, top first:
    absent
    imported_notebooks, namespace
    reading
    blanks
    recovery
    definitions, handed_in, margins, own_modules
"""
