"""The command line: verbs, options and what a terminal shows.

Floors, top first:
    main
    command
    authors, ci, instructors, machine, magic, students
    check_table, options, progress, tables, this_notebook
    documents
    interrupts, surroundings, terminal
"""
