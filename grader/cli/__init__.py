"""The command line: verbs, options and what a terminal shows.

Floors, top first:
    main
    authors, instructors, machine, students
    options, progress, tables
    documents
    terminal
"""
