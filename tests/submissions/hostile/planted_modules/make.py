"""Modules that say so when they are imported. (As files they would be found by our own pytest.)"""

NAMES = """
    conftest sitecustomize usercustomize torch numpy grader json site random struct pickle
    grader/inside/measuring/measure torch/__init__ numpy/__init__ pytest/__init__ IPython/__init__
"""


def files():
    text = "print('OPENED: a planted module was imported', flush=True)\nraise SystemExit('planted')\n"
    return {f"{name}.py": text.encode() for name in NAMES.split()}
