"""A frame that says "score 100" goes to every descriptor, before anything was asked."""
from attempts import FORGED, shout

shout(*FORGED)
