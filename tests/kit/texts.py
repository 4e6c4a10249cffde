"""Texts that students choose: of any characters, and of the nastiest ones."""

from __future__ import annotations

from hypothesis import strategies as st

ANY = st.text(alphabet=st.characters(), max_size=300)
"""Every code point, lone surrogates included."""
NASTY = st.text(
    alphabet=st.sampled_from(
        "=+-@\t\r\n \0\x1b\u202e\u2066\u200f\ud800\u2028./\\:*é<>'\"CONconaux"
    ),
    max_size=20,
)
