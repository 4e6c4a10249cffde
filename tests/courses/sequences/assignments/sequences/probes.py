"""A loss of the course's own."""

from torch.nn import functional as F


def sparse(output, pictures):
    """Cross-entropy of each number of the reconstruction, and a small code."""
    reconstruction, code = output
    return F.binary_cross_entropy(reconstruction, pictures) + 0.1 * code.abs().mean()
