#!/usr/bin/env python3
"""Writes diffusers_names.tsv: what diffusers' own loader calls the tensors of an SD 1.x checkpoint.

    make_diffusers_names.py CHECKPOINT.safetensors > diffusers_names.tsv

Every tensor is filled with its own number, the checkpoint goes through diffusers' conversion, and the number tells
where it went. Columns: part of the pipeline, name in the checkpoint, name in the part's file, dimensions there
(the VAE's attention becomes Linear). Needs torch and diffusers.
"""
import json
import sys

import torch
from diffusers.loaders import single_file_utils as convert
from safetensors import safe_open

with safe_open(sys.argv[1], "pt") as file:
    names = list(file.keys())
    arch = json.loads(file.metadata()["lorikeet.arch"])
    shapes = {name: file.get_slice(name).get_shape() for name in names}
tagged = {name: torch.full(shapes[name], float(i)) for i, name in enumerate(names)}
unet = {"layers_per_block": arch["layers_per_block"], "down_block_types": arch["channels"], "up_block_types": arch["channels"],
        "class_embed_type": None, "addition_embed_type": None}
vae = {"down_block_types": arch["vae_channels"], "up_block_types": arch["vae_channels"]}
parts = {
    "unet": convert.convert_ldm_unet_checkpoint(dict(tagged), unet),
    "vae": convert.convert_ldm_vae_checkpoint(dict(tagged), vae),
    "text_encoder": convert.convert_ldm_clip_checkpoint(dict(tagged)),
}
for part, tensors in parts.items():
    for name, tensor in tensors.items():
        print(part, names[int(tensor.flatten()[0])], name, tensor.ndim, sep="\t")
