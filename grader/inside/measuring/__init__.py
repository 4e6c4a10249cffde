"""Measuring: answers to what a probe asks of the student's code.

`measure` has one function for each question about a network; `trained` has those about its
training, `functions` those about calls and values, and `scripts` runs the course's own measuring
code. `candidates` tells what could be a network that is called otherwise, and `instances` builds
anew what is finished. `trace` reads which operators a network runs; `network` builds it, gives it
equal weights and differentiates it. `inputs` is what a network is given, `outputs` what it returns,
`losses` what that costs. `finding` finds a name, or says which was probably meant.

Floors, top first:
    measure
    scripts, trained
    account, candidates, functions, stepping
    losses
    outputs
    finding, instances, network
    trace, versions
    budget, inputs, operators, order, weights
"""
