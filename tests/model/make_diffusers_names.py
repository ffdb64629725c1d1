#!/usr/bin/env python3
"""Writes names_FAMILY.tsv: what diffusers' own loader calls the tensors of a checkpoint.

    make_diffusers_names.py CHECKPOINT.safetensors > diffusers_names.tsv      (names_sd2.tsv, names_sdxl.tsv)

Every tensor is filled with its own number, the checkpoint goes through diffusers' conversion, and the number tells
where it went. Columns: part of the pipeline, name in the checkpoint, name in the part's file, dimensions there
(the VAE's attention becomes Linear). OpenCLIP's tensors have CLIP's names in the second column, as lk_checkpoint_find
knows them. Needs torch and diffusers.
"""
import json
import sys

import torch
from diffusers.loaders import single_file_utils as convert
from safetensors import safe_open
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

with safe_open(sys.argv[1], "pt") as file:
    names = list(file.keys())
    arch = json.loads(file.metadata()["lorikeet.arch"])
    shapes = {name: file.get_slice(name).get_shape() for name in names}
sdxl = arch["family"] == "sdxl"
tagged = {name: torch.full(shapes[name], float(i)) for i, name in enumerate(names)}
unet = {"layers_per_block": arch["layers_per_block"], "down_block_types": arch["channels"], "up_block_types": arch["channels"],
        "class_embed_type": None, "addition_embed_type": "text_time" if sdxl else None}
vae = {"down_block_types": arch["vae_channels"], "up_block_types": arch["vae_channels"]}
parts = {
    "unet": convert.convert_ldm_unet_checkpoint(dict(tagged), unet),
    "vae": convert.convert_ldm_vae_checkpoint(dict(tagged), vae),
}
for part, tensors in parts.items():
    for name, tensor in tensors.items():
        print(part, names[int(tensor.flatten()[0])], name, tensor.ndim, sep="\t")
for i, text in enumerate(arch["texts"]):
    part = "text_encoder_2" if i else "text_encoder"
    if text["kind"] == "clip":
        part_of_it = {k: v for k, v in tagged.items() if k.startswith(text["prefix"])}
        for name, tensor in convert.convert_ldm_clip_checkpoint(part_of_it, remove_prefix=text["prefix"]).items():
            print(part, names[int(tensor.flatten()[0])], name, tensor.ndim, sep="\t")
        continue
    kind = CLIPTextModelWithProjection if text["projection"] and sdxl else CLIPTextModel
    config = CLIPTextConfig(hidden_size=text["width"], num_hidden_layers=text["layers"], projection_dim=text["projection"])
    for name, tensor in kind(config).state_dict().items():
        bare = name if name.startswith(("text_model.", "text_projection.")) else "text_model." + name
        here = text["prefix"].removesuffix("model.") + "transformer." + bare
        if "position_ids" not in name:
            print(part, here.replace("text_projection.weight", "text_projection"), bare, tensor.ndim, sep="\t")
