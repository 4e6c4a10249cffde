"""Measuring: answers to what a probe asks of the student's code.

`measure` has one function for each question about a network; `trained` has those about its
training, `functions` those about calls and values, and `scripts` runs the course's own measuring
code. `trace` reads which operators a network runs; `network` builds it, gives it equal weights and
differentiates it. `inputs` is what a network is given, `outputs` what it returns, `losses` what
that costs. `casts` holds its precision. `finding` finds a name, or says which was probably meant.

Floors, top first:
    measure
    scripts, trained
    account, functions, stepping
    losses
    outputs
    finding, network
    trace, versions
    budget, casts, inputs, operators, order, weights
"""
