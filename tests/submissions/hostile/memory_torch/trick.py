"""Asks torch for memory without end."""
kept = []
while True:
    kept.append(torch.ones(1 << 26))
