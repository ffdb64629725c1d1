#!/usr/bin/env python3
"""Writes sd15_tensors.tsv: names and shapes of Stable Diffusion 1.5's tensors in its single file.

    make_sd15_tensors.py diffusers_names.tsv > sd15_tensors.tsv

Shapes are those of diffusers' and transformers' models in the published configuration, built without memory for
weights; names are turned back by the table of make_diffusers_names.py.
"""
import sys

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel

TEXT = "cond_stage_model.transformer.text_model."
table = {}
for line in open(sys.argv[1]):
    part, ldm, diffusers, rank = line.rstrip("\n").split("\t")
    table[part, diffusers] = ldm
with torch.device("meta"):
    unet = UNet2DConditionModel(sample_size=64, cross_attention_dim=768, attention_head_dim=8)
    blocks = 4
    vae = AutoencoderKL(block_out_channels=(128, 256, 512, 512), layers_per_block=2, latent_channels=4,
                        down_block_types=["DownEncoderBlock2D"] * blocks, up_block_types=["UpDecoderBlock2D"] * blocks)
    text = CLIPTextModel(CLIPTextConfig(hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12))
rows = []
for part, model in (("unet", unet), ("vae", vae)):
    for name, tensor in model.state_dict().items():
        shape, (block, _, leaf) = list(tensor.shape), name.partition(".conv_shortcut.")
        # The small model of the table has fewer shortcuts: they are called after their block.
        ldm = table[part, block + ".norm1.weight"].replace("norm1.weight", "nin_shortcut." + leaf) if part == "vae" and leaf else table[part, name]
        if ".attn_1." in ldm and len(shape) == 2:
            shape += [1, 1]  # convolutions in the original
        rows.append((ldm, shape))
for name, tensor in text.state_dict().items():
    rows.append((TEXT + name.removeprefix("text_model."), list(tensor.shape)))
for name, shape in sorted(rows):
    print(name, ",".join(map(str, shape)), sep="\t")
