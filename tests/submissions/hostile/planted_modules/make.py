"""Modules that say so when they are imported. (As files they would be found by our own pytest.)

Those that the submission itself imports are not among them: they are the student's, as at home.
"""

NAMES = """
    conftest sitecustomize usercustomize numpy grader json site random struct pickle
    grader/inside/measuring/measure numpy/__init__ pytest/__init__ IPython/__init__
"""


def files():
    text = "print('OPENED: a planted module was imported', flush=True)\nraise SystemExit('planted')\n"
    return {f"{name}.py": text.encode() for name in NAMES.split()}
