"""What the steps of the recipe share: the architecture, saved states, the learning rate."""

import math
import os
import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "tests" / "oracle"))
import make_case  # noqa: E402  names and layout of single-file checkpoints

VAE_SCALE = 0.18215


def architecture():
    """Stable Diffusion 1.x in small: the same blocks, one ResNet a level (two in the true one), narrow."""
    text = make_case.TextArch("clip", 96, 4, 2, 2, "quick_gelu", None, "cond_stage_model.transformer.", 49407, "lora_te")
    return make_case.Arch(
        family="sd1", channels=[64, 96, 128, 128], groups=8, layers_per_block=1,
        attention_levels=[True, True, True, False], depths=[1, 1, 1, 0], heads=[8] * 4, linear_projection=False,
        context_dim=96, time_ids_dim=None, vae_channels=[32, 64, 96, 128], vae_scale=VAE_SCALE, texts=[text],
    )  # fmt: skip


def new_vae(arch):
    from diffusers import AutoencoderKL

    return AutoencoderKL(**{**make_case.vae_config(arch), "layers_per_block": arch.layers_per_block, "norm_num_groups": arch.groups})


def new_unet(arch):
    from diffusers import UNet2DConditionModel

    return UNet2DConditionModel(**make_case.unet_config(arch))


def new_text(arch, vocabulary):
    """CLIP's text encoder with a table of that many tokens."""
    from transformers import CLIPTextModel

    config = make_case.text_config(arch.texts[0])
    config.vocab_size = vocabulary
    config._attn_implementation = "eager"
    return CLIPTextModel(config)


def plain_attention(model):
    """PyTorch's fused attention costs more than half of a step on the CPU; matmul and softmax one by one do not."""
    from diffusers.models.attention_processor import AttnProcessor

    model.set_attn_processor(AttnProcessor())


def learning_rate(step, steps, peak, warm_up, fall=0, end=0.03):
    """Linear warm-up, flat until `fall`, then a cosine down to a share of the peak."""
    if step < warm_up:
        return peak * (0.1 + 0.9 * step / warm_up)
    begin = max(warm_up, fall)
    at = min(1.0, max(0.0, (step - begin) / max(1, steps - begin)))
    return peak * (end + (1 - end) * 0.5 * (1 + math.cos(math.pi * at)))


def random_for(seed, step):
    """Random numbers of one step: a resumed run draws the same ones."""
    return torch.Generator().manual_seed(seed * 1_000_003 + step)


def save_state(path, **state):
    """Whole or not at all."""
    new = Path(path).with_suffix(".new")
    torch.save(state, new)
    os.replace(new, path)


def load_state(path):
    return torch.load(path, weights_only=True) if Path(path).exists() else None
