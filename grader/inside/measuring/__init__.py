"""Measuring: answers to what a probe asks of the student's code.

`measure` has one function for each question about a network; `trained` has those about its
training, `functions` those about calls and values, and `scripts` runs the course's own measuring
code. `candidates` tells what could be a network that is called otherwise, and `instances` builds
anew what is finished. `trace` reads which operators a network runs, `flow` where each number goes,
and `layout` how weights lie; `network` builds and differentiates it, and `pairing` gives it equal
weights. `inputs` is what a network is given, `outputs` what it returns, `losses` what that costs.
`finding` finds a name, or says which was probably meant.

Floors, top first:
    measure
    scripts, trained
    account, candidates, functions, stepping
    losses
    outputs
    finding, instances, pairing
    network
    trace, versions
    received
    layout
    flow, recognition
    budget, inputs, naming, operators, order, weights
"""
