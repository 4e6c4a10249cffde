"""The command line: verbs, options and what a terminal shows.

Floors, top first:
    main
    command
    authors, ci, exports, instructors, machine, magic, marks, students
    changes_shown, check_table, options, progress, tables, this_notebook
    documents, terminal
    interrupts, mend_first, surroundings
    code_lines
"""
