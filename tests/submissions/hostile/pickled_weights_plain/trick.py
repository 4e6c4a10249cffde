"""lenet.pt is a bare pickle that calls a function (see make.py)."""
print("at import", flush=True)
