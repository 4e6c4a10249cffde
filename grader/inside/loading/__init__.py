"""Loading: the student's file becomes names, as much of it as can be read."""
