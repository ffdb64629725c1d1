"""The reference that the CLIP tokenizer must equal: CLIPTokenizer of Hugging Face transformers, built from OpenAI's merges.

Needs the packages transformers and open-clip-torch (for bpe_simple_vocab_16e6.txt.gz). Nothing here runs in a build or in
the tests: it makes the committed tables and rows, and compares at scale.
"""

import gzip
import importlib.util
import os
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

MERGES = 49152 - 256 - 2  # how many lines of the file CLIP uses
BOS, EOS = 49406, 49407


def vocabulary_path() -> Path:
    spec = importlib.util.find_spec("open_clip") or importlib.util.find_spec("clip")
    return Path(list(spec.submodule_search_locations)[0]) / "bpe_simple_vocab_16e6.txt.gz"


def byte_characters() -> list[str]:
    """The character that stands for each byte, in the order of the first 256 ids."""
    keep = [*range(33, 127), *range(161, 173), *range(174, 256)]
    return [chr(b) for b in keep] + [chr(256 + n) for n in range(256 - len(keep))]


def merges() -> list[tuple[str, str]]:
    lines = gzip.open(vocabulary_path(), "rt", encoding="utf-8").read().split("\n")
    return [tuple(line.split()) for line in lines[1 : MERGES + 1]]


def vocabulary() -> dict[str, int]:
    chars = byte_characters()
    words = chars + [c + "</w>" for c in chars] + ["".join(m) for m in merges()] + ["<|startoftext|>", "<|endoftext|>"]
    assert len(set(words)) == 49408
    return {word: i for i, word in enumerate(words)}


def tokenizer():
    from transformers import CLIPTokenizer

    return CLIPTokenizer(vocab=vocabulary(), merges=merges(), model_max_length=77)


def escape(data: bytes) -> str:
    """Printable ASCII as it is, everything else (and the backslash) as \\xNN: one line, whatever it holds."""
    return "".join(chr(b) if 32 <= b < 127 and b != 92 else f"\\x{b:02x}" for b in data)


def token_ids(tok, text: str, chunks: int, pad_id: int) -> list[list[int]]:
    """Ids [chunks, 77] as kohya's sd-scripts makes them: the tokenizer's own truncation and padding, then cut in pieces."""
    tok.pad_token = tok.convert_ids_to_tokens(pad_id)
    length = 75 * chunks + 2
    ids = tok(text, padding="max_length", truncation=True, max_length=length)["input_ids"]
    if chunks == 1:
        return [ids]
    pieces = []
    for i in range(1, length - 1, 75):
        piece = [ids[0], *ids[i : i + 75], ids[-1]]
        if pad_id != EOS:
            if piece[-2] not in (EOS, pad_id):
                piece[-1] = EOS
            if piece[1] == pad_id:
                piece[1] = EOS
        pieces.append(piece)
    return pieces
