def flat(x):
    return x.flatten(1)
