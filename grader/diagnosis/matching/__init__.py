"""Which candidates explain the student's arrays: tested, chosen, and said as a diagnosis.

Floors, top first:
    explanation
    naming
    rounding
    case, fitting
"""
