"""A pickle as Python writes it, without torch's frame around it."""


def files():
    return {"lenet.pt": b"cbuiltins\nprint\n(S'OPENED: the weights were called'\ntR."}
