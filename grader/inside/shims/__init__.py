"""Shims: let code run that was written for other machines.

Floors, top first:
    colab, cpu, datasets, progress, untrained, vision
"""
