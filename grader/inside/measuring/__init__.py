"""Measuring: answers to what a probe asks of the student's code.

`measure` has one function for each question about a network; `trained` has those about its
training, `functions` those about calls and values, and `scripts` runs the course's own measuring
code. `trace` reads which operators a network runs; `network` builds it, gives it equal weights and
differentiates it. `finding` finds a name, or says which was probably meant.

Floors, top first:
    measure
    scripts, trained
    account, functions, stepping
    finding, network
    trace, versions
    budget, casts, operators, order, weights
"""
