"""The single-file checkpoint."""

import json
import math

import torch
from safetensors.torch import save_file

from . import parts

make_case = parts.make_case
ABOUT = {
    "modelspec.title": "Lorikeet demo base",
    "modelspec.architecture": "stable-diffusion-v1",
    "modelspec.resolution": "128x128",
    "modelspec.description": "A small model of Stable Diffusion 1.x's structure for demonstrations: sixty everyday things on plain "
    "backgrounds. Trained from nothing on glyphs of Noto Color Emoji (Copyright Google Inc., SIL Open Font License 1.1).",
}


def write(path, arch, vae, unet, text, words, seed):
    """Writes it as f16; tokens that were never trained get noise of the spread of those that were."""
    table = text.get_input_embeddings().weight
    random = parts.random_for(seed, 2_000_000)
    whole = torch.randn(49408, table.shape[1], generator=random) * table.std() + table.mean()
    whole[words.known] = table
    full = parts.new_text(arch, 49408)
    state = text.state_dict()
    state[next(k for k in state if k.endswith("token_embedding.weight"))] = whole
    full.load_state_dict(state)
    models = make_case.Models(unet, vae, [full])
    tensors = make_case.checkpoint(arch, models, {}, torch.float16)
    wrong = [k for k, v in tensors.items() if v.is_floating_point() and not torch.isfinite(v).all()]
    if wrong:
        raise ValueError(f"not finite as f16: {wrong}")
    facts = {**make_case.arch_facts(arch), "vae_groups": arch.groups}
    save_file(tensors, str(path), metadata={"format": "pt", "lorikeet.arch": json.dumps(facts), **ABOUT})
    path.chmod(0o644)
    count = sum(math.prod(v.shape) for v in tensors.values())
    print(f"{path}: {count / 1e6:.2f} M values, {path.stat().st_size / 1e6:.2f} MB")
