import numpy as np

def load():
    return np.zeros(3)
