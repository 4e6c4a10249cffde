"""Assignments: probes, checks, variants and the course that holds them."""
