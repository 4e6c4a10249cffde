"""Submissions: a folder or an archive in, what each student handed in out."""
