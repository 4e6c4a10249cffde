"""How large an answer may be: the box refuses more in a sentence for the student, and whoever reads
answers outside refuses it too, since no measuring code of ours sends it.
"""

from __future__ import annotations

VALUES = 2_000_000
"""Numbers and characters of a value that a student's function returns or a name is bound to, all of
its parts together."""
VALUE_DIMENSIONS = 16
"""Dimensions of an array in it: an array without numbers may still have rows without end."""
VALUE_DEPTH = 8
"""How deep lists and dictionaries lie in it."""
VALUE_ENTRIES = 10_000
"""Entries of a list or a dictionary in it."""
VALUE_WRITTEN = 3_000_000
"""Characters of all numbers and texts outside arrays, as they are sent."""
EPOCHS_CAP = 100
"""After how many epochs of one training a network is looked at."""
