"""Measuring: answers to what a probe asks of the student's code.

Floors, top first:
    measure
    scripts, trained
    account, functions, stepping
    finding, network
    trace, versions
    budget, operators, order, weights
"""
