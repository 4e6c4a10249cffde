"""Shims: let code run that was written for other machines."""
