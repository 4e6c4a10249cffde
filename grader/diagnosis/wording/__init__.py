"""What is said of each mistake: sentences, hints and partial credit, by the mistake's code.

Floors, top first:
    sentences
    arrays, backward, forward, loss, network, training
"""
