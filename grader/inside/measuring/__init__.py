"""Measuring: answers to what a probe asks of the student's code.

`measure` has one function for each question about a network; `trained` has those about its
training, `functions` those about calls and values, and `scripts` runs the course's own measuring
code. `trace` reads which operators a network runs, `flow` where each number goes, and `layout` how
weights lie; `network` builds and differentiates it, and `pairing` gives it equal weights. `finding`
finds a name, or says which was probably meant.

Floors, top first:
    measure
    scripts, trained
    account, functions, stepping
    finding, pairing
    network
    trace, versions
    received
    layout
    flow, recognition
    budget, naming, operators, order, weights
"""
