"""What known mistakes would compute: arrays to compare with the student's.

Floors, top first:
    forward
    backward, layer
    arrays, loss, rules, update
    factors
"""
