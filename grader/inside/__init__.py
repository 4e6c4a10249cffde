"""The only code of the grader that enters the sandbox; it imports nothing else of the grader."""
