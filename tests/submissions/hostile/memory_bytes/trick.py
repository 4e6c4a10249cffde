"""Asks for 8 GiB at once."""
kept = bytearray(8 << 30)
