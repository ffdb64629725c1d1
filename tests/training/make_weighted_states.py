#!/usr/bin/env python3
"""Writes weighted_states.safetensors: the hidden states of captions with weights, by sd-scripts' own
encode_tokens_with_weights and transformers, for the tiny models of tests/parity/cases, in float64.

    make_weighted_states.py FOLDER_OF_SD_SCRIPTS    (needs what tests/oracle/requirements.txt lists, and CLIP's vocabulary)

Tensors: FAMILY.CHUNKS [captions, 75 * chunks + 2, width of all encoders]; the captions are in the metadata.
"""
import sys
from pathlib import Path
from unittest.mock import MagicMock

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "sampling"), sys.argv[1]]
for absent in ("library.train_util", "library.utils", "imagesize", "library.device_utils"):
    sys.modules[absent] = MagicMock()
import make_pictures  # noqa: E402
import torch  # noqa: E402
from library.strategy_base import TokenizeStrategy  # noqa: E402
from library.strategy_sd import SdTextEncodingStrategy  # noqa: E402
from library.strategy_sdxl import SdxlTextEncodingStrategy  # noqa: E402
from safetensors.torch import save_file  # noqa: E402

CAPTIONS = ["a (red:1.4) bird", "[two] ((birds))", r"a bird \(small\) on a (branch:0.6), snow", ", ".join(["(bird:1.3)", "sky"] * 20)]


def tokenize(tok, pad_id, chunks):
    tok.pad_token = tok.convert_ids_to_tokens(pad_id)
    both = [TokenizeStrategy()._get_input_ids(tok, c, 75 * chunks + 2, weighted=True) for c in CAPTIONS]
    return tuple(torch.stack(part) for part in zip(*both))


@torch.no_grad()
def main():
    out = {}
    for case in ("plain", "sdxl"):
        maker = make_pictures.Maker(case)
        tok, texts, models = maker.tokenizer, maker.arch.texts, maker.plain.texts
        for chunks in (1, 2):
            ids, weights = zip(*(tokenize(tok, t.pad_id, chunks) for t in texts))
            names = MagicMock()  # the strategies ask the tokenizers for their sizes and special ids
            for name in ("tokenizer", "tokenizer1", "tokenizer2"):
                setattr(names, name, MagicMock(model_max_length=77, eos_token_id=49407, pad_token_id=49407))
            if case == "plain":
                states = SdTextEncodingStrategy(None).encode_tokens_with_weights(names, models, ids, [w.double() for w in weights])
            else:  # the tiny first encoder has two blocks: what is its last but one is number 11 of twelve
                second = models[0].forward
                models[0].forward = lambda *a, **k: {"hidden_states": {11: second(*a, **k).hidden_states[-2]}}
                states = SdxlTextEncodingStrategy().encode_tokens_with_weights(names, models, ids, [w.double() for w in weights])[:2]
                models[0].forward = second
            out[f"{case}.{chunks}"] = torch.cat(list(states), -1).float().contiguous()
    save_file(out, HERE / "weighted_states.safetensors", metadata={"captions": "\n".join(CAPTIONS)})
    for name, value in out.items():
        print(name, tuple(value.shape), float(value.std()))


if __name__ == "__main__":
    main()
