"""Program archives that run code when they are loaded, under several names (see make.py).

The grader never loads one. The student's own code may, in its box: that is the student's code.
"""
print("at import", flush=True)
