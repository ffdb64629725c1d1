#!/usr/bin/env python3
"""Writes sd21_tensors.tsv: names and shapes of Stable Diffusion 2.1's tensors in its single file.

    make_sd21_tensors.py > sd21_tensors.tsv

Models of the published configuration, built by diffusers and transformers without memory for weights, under the names
of tests/oracle/make_case.py. The numbers of parameters are held against the published ones.
"""
import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "oracle"))
import make_case as oracle  # noqa: E402
from diffusers import AutoencoderKL, UNet2DConditionModel  # noqa: E402
from transformers import CLIPTextModel  # noqa: E402

LAYERS = 23  # of the text encoder that run; one more is stored
arch = oracle.make_arch(oracle.parse_args(
    "--out - --family sd2-v --width 320 --mult 1,2,4,4 --groups 32 --head-dim 64 --te-head-dim 64 --te-width 1024".split()))
arch.vae_channels = [128, 256, 512, 512]
arch.texts[0].layers = LAYERS
with torch.device("meta"):
    unet, vae = UNet2DConditionModel(**oracle.unet_config(arch)), AutoencoderKL(**oracle.vae_config(arch))
    text = CLIPTextModel(oracle.text_config(arch.texts[0]))
for model, published in ((unet, 865_910_724), (vae, 83_653_863), (text, 340_387_840)):
    assert sum(p.numel() for p in model.parameters()) == published
prefix = arch.texts[0].prefix
extra = {prefix + "logit_scale": torch.empty(()), prefix + "text_projection": torch.empty(1024, 1024, device="meta")}
made = oracle.checkpoint(arch, oracle.Models(unet, vae, [text]), extra, torch.float16)
for name in [n for n in made if f".resblocks.{LAYERS - 1}." in n]:
    made[name.replace(f".resblocks.{LAYERS - 1}.", f".resblocks.{LAYERS}.")] = made[name]
for name, tensor in sorted(made.items()):
    print(name, ",".join(map(str, tensor.shape)), sep="\t")
