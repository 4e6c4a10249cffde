"""Measuring: answers to what a probe asks of the student's code.

`measure` has one function for each question about a network; `trained` has those about its
training, `functions` those about calls and values, and `scripts` runs the course's own measuring
code. `weights` opens a file of weights, `fitting` says which of its arrays is which of a network's.
`candidates` tells what could be a network that is called otherwise, and `instances` builds anew
what is finished. `trace` reads which operators a network runs, `ownership` what belongs to it and
`usage` which of that it depends on; `flow` follows each number by its `shadows`, `received` and
`layout` are how weights are given and lie. `network` builds and differentiates it, `pairing` gives
it equal weights.
`inputs` is what a network is given, `outputs` what it returns, `losses` what that costs.
`casts` holds its precision. `finding` finds a name, or says which was probably meant; `patience` is
how long a network is waited for.

Floors, top first:
    measure
    scripts, trained
    account, candidates, functions, stepping, usage
    losses
    outputs
    finding, instances, pairing
    network
    patience, trace, versions
    received
    layout, recognition, weights
    flow
    shadows
    budget, casts, fitting, inputs, naming, operators, order, ownership
"""
