"""`python -m grader` is `grader`."""

from grader.cli.commands import main

main()
