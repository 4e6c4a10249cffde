"""Jupyter's own copy of an earlier state, which holds a network that is wrong."""


def files():
    wrong = b'{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'
    return {".ipynb_checkpoints/lenet-checkpoint.ipynb": wrong, "__MACOSX/._lenet.ipynb": b"\0"}
