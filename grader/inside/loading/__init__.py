"""Loading: the student's file becomes names, as much of it as can be read.

`namespace` runs a module and describes its errors; `own_modules` lets imports find the student's
files. `reading` decides what of a source is run: `definitions` chooses where an assignment takes
those only, `recovery` reads what does not parse, and `blanks` finds what was left to be filled in.
`absent` stands in for packages that are not here.

Floors, top first:
    absent
    namespace
    reading
    blanks
    recovery
    definitions, margins, own_modules
"""
