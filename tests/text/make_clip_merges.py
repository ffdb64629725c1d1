#!/usr/bin/env python3
"""Writes data/tokenizers/clip_merges.bin: for each of CLIP's 48,894 merges the ids of its two parts, as little-endian u16.

Merge i makes token 512 + i, so ranks, ids and the strings of all tokens follow from this table alone.
"""

import struct
from pathlib import Path

import reference

ids = reference.vocabulary()
rows = [(ids[a], ids[b], ids[a + b]) for a, b in reference.merges()]
assert all(new == 512 + i and a < new and b < new for i, (a, b, new) in enumerate(rows))
assert len({(a, b) for a, b, _ in rows}) == len(rows) == reference.MERGES
out = Path(__file__).parents[2] / "data/tokenizers/clip_merges.bin"
out.write_bytes(b"".join(struct.pack("<HH", a, b) for a, b, _ in rows))
print(out, out.stat().st_size)
