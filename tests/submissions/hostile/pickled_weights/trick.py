"""lenet.pt calls a function when it is loaded (see make.py)."""
print("at import", flush=True)
