"""Records: what flows through the grader, frozen, and how untrusted values are read."""
