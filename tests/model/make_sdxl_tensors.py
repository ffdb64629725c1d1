#!/usr/bin/env python3
"""Writes sdxl_tensors.tsv: names and shapes of Stable Diffusion XL's tensors in its single file.

    make_sdxl_tensors.py diffusers_names.tsv > sdxl_tensors.tsv

Shapes are those of diffusers' and transformers' models in the published configuration (sdxl-base-1.0), built without
memory for weights. The U-Net's names are turned back as generative-models' openaimodel.py numbers its blocks, the second
text encoder's as OpenCLIP calls them; the autoencoder is Stable Diffusion's own.
"""
import re
import sys

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

RESNET = {"norm1": "in_layers.0", "conv1": "in_layers.2", "time_emb_proj": "emb_layers.1", "norm2": "out_layers.0",
          "conv2": "out_layers.3", "conv_shortcut": "skip_connection"}
TOP = {"conv_in": "input_blocks.0.0", "time_embedding.linear_1": "time_embed.0", "time_embedding.linear_2": "time_embed.2",
       "add_embedding.linear_1": "label_emb.0.0", "add_embedding.linear_2": "label_emb.0.2", "conv_norm_out": "out.0", "conv_out": "out.2"}
with torch.device("meta"):
    unet = UNet2DConditionModel(
        sample_size=128, block_out_channels=(320, 640, 1280), cross_attention_dim=2048, attention_head_dim=[5, 10, 20],
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"), transformer_layers_per_block=[1, 2, 10],
        use_linear_projection=True, addition_embed_type="text_time", addition_time_embed_dim=256,
        projection_class_embeddings_input_dim=2816)
    blocks = 4
    vae = AutoencoderKL(block_out_channels=(128, 256, 512, 512), layers_per_block=2, latent_channels=4,
                        down_block_types=["DownEncoderBlock2D"] * blocks, up_block_types=["UpDecoderBlock2D"] * blocks)
    first = CLIPTextModel(CLIPTextConfig(hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12))
    second = CLIPTextModelWithProjection(CLIPTextConfig(hidden_size=1280, intermediate_size=5120, num_hidden_layers=32,
                                                        num_attention_heads=20, projection_dim=1280))


def unet_name(name):
    for ours, ldm in TOP.items():
        if name.startswith(ours + "."):
            return ldm + name[len(ours):]
    where, kind, number, rest = re.fullmatch(r"(mid_block|(?:down|up)_blocks\.\d)\.(resnets|attentions|downsamplers|upsamplers)\.(\d)\.(.*)", name).groups()
    number = int(number)
    if kind == "resnets":
        part, _, leaf = rest.rpartition(".")
        rest = RESNET[part] + "." + leaf
    if where == "mid_block":
        return f"middle_block.{2 * number if kind == 'resnets' else 1}.{rest}"
    level = int(where[-1])
    if where.startswith("down"):
        if kind == "downsamplers":
            return f"input_blocks.{3 * level + 3}.0.op.{rest.removeprefix('conv.')}"
        return f"input_blocks.{3 * level + number + 1}.{0 if kind == 'resnets' else 1}.{rest}"
    if kind == "upsamplers":
        return f"output_blocks.{3 * level + 2}.{2 if level < 2 else 1}.{rest}"
    return f"output_blocks.{3 * level + number}.{0 if kind == 'resnets' else 1}.{rest}"


def openclip_rows(state):
    """OpenCLIP keeps query, key and value in one matrix, and the projection the other way round."""
    names = {"embeddings.token_embedding.weight": "token_embedding.weight", "embeddings.position_embedding.weight": "positional_embedding",
             "final_layer_norm.weight": "ln_final.weight", "final_layer_norm.bias": "ln_final.bias"}
    layer = {"layer_norm1": "ln_1", "layer_norm2": "ln_2", "mlp.fc1": "mlp.c_fc", "mlp.fc2": "mlp.c_proj", "self_attn.out_proj": "attn.out_proj"}
    for name, tensor in state.items():
        shape, name = list(tensor.shape), name.removeprefix("text_model.")
        block = re.fullmatch(r"encoder\.layers\.(\d+)\.(.*)\.(weight|bias)", name)
        if name == "text_projection.weight":
            yield "text_projection", shape[::-1]
        elif not block:
            yield names[name], shape
        elif block[2] in layer:
            yield f"transformer.resblocks.{block[1]}.{layer[block[2]]}.{block[3]}", shape
        elif block[2] == "self_attn.q_proj":
            yield f"transformer.resblocks.{block[1]}.attn.in_proj_{block[3]}", [3 * shape[0], *shape[1:]]
    yield "logit_scale", []


table = {}
for line in open(sys.argv[1]):
    part, ldm, diffusers, rank = line.rstrip("\n").split("\t")
    table[part, diffusers] = ldm
rows = [("model.diffusion_model." + unet_name(name), list(tensor.shape)) for name, tensor in unet.state_dict().items()]
for name, tensor in vae.state_dict().items():
    shape, (block, _, leaf) = list(tensor.shape), name.partition(".conv_shortcut.")
    ldm = table["vae", block + ".norm1.weight"].replace("norm1.weight", "nin_shortcut." + leaf) if leaf else table["vae", name]
    rows.append((ldm, shape + [1, 1] if ".attn_1." in ldm and len(shape) == 2 else shape))
for name, tensor in first.state_dict().items():
    rows.append(("conditioner.embedders.0.transformer.text_model." + name.removeprefix("text_model."), list(tensor.shape)))
rows += [("conditioner.embedders.1.model." + name, shape) for name, shape in openclip_rows(second.state_dict())]
for name, shape in sorted(rows):
    print(name, ",".join(map(str, shape)), sep="\t")
