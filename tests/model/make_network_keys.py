#!/usr/bin/env python3
"""Writes network_keys.h: what files of other kinds of networks hold for SD 1.5, by sd-scripts and LyCORIS themselves.

    make_network_keys.py FOLDER_OF_SD_SCRIPTS FOLDER_OF_LYCORIS > network_keys.h

A row is the settings of a job, how many tensors its file has, and the SHA-256 of their names and shapes, one a line
("lora_unet_….lora_down.weight 4x320x3x3"), sorted. Networks are built without memory for the model's weights. Needs
torch, diffusers and transformers.
"""
import hashlib
import logging
import sys
from unittest.mock import MagicMock

scripts, lycoris_folder = sys.argv[1:3]
for absent in ("einops", "voluptuous", "toml", "cv2", "imagesize", "library.device_utils", "library.utils", "library.sdxl_original_unet"):
    sys.modules[absent] = MagicMock()
sys.modules["library.sdxl_original_unet"].SdxlUNet2DConditionModel = type("Sdxl", (), {})
sys.path[:0] = [scripts, lycoris_folder]
logging.disable(logging.CRITICAL)
import torch  # noqa: E402
import networks.lora  # noqa: E402
import lycoris.kohya  # noqa: E402
from diffusers import UNet2DConditionModel  # noqa: E402
from library.original_unet import UNet2DConditionModel as ScriptsUNet  # noqa: E402
from transformers import CLIPTextConfig, CLIPTextModel  # noqa: E402


# LyCORIS 4.1.3 finds SD 1.5's time embedding twice, by class and by name, and gives up; earlier ones have the names only.
full = lycoris.kohya.PRESET["full"]
full["unet_target_module"] = [m for m in full["unet_target_module"] if m != "TimestepEmbedding"]


def text_encoder():
    return CLIPTextModel(CLIPTextConfig(hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12))


def tensors(network):
    network.apply_to(*network.parts, True, True)
    for key, value in network.state_dict().items():
        # transformers 5 has no "text_model" in its paths, which released LoRAs have
        yield key.replace("lora_te_encoder_", "lora_te_text_model_encoder_"), value


def of_scripts(dim, alpha, **args):
    with torch.device("meta"):
        text, unet = text_encoder(), ScriptsUNet(sample_size=64, attention_head_dim=8, cross_attention_dim=768)
        network = networks.lora.create_network(1.0, dim, alpha, None, text, unet, **args)
    network.parts = text, unet
    return network


def of_lycoris(dim, alpha, **args):
    with torch.device("meta"):
        text = text_encoder()
        unet = UNet2DConditionModel(sample_size=64, cross_attention_dim=768, attention_head_dim=8, block_out_channels=(320, 640, 1280, 1280))
    network = lycoris.kohya.create_network(1.0, dim, alpha, None, text, unet, **args)
    network.parts = text, unet
    return network


ROWS = [
    ("networks.lora", 4, 1, {}),
    ("networks.lora", 4, 1, {"conv_dim": "3"}),
    ("networks.lora", 4, 1, {"block_dims": ",".join(str(i % 3 * 2) for i in range(25)), "conv_dim": "1"}),
    ("networks.lora", 4, 1, {"down_lr_weight": "sine", "up_lr_weight": "0,1,0.5", "mid_lr_weight": "0", "block_lr_zero_threshold": "0.3"}),
    ("lycoris.kohya", 4, 1, {}),
    ("lycoris.kohya", 4, 1, {"algo": "locon", "preset": "attn-mlp"}),
    ("lycoris.kohya", 4, 2, {"algo": "loha", "conv_dim": "2"}),
    ("lycoris.kohya", 4, 2, {"algo": "loha", "preset": "attn-mlp"}),
    ("lycoris.kohya", 4, 2, {"algo": "lokr", "conv_dim": "2"}),
    ("lycoris.kohya", 8, 2, {"algo": "lokr", "factor": "6", "decompose_both": "True"}),
    ("lycoris.kohya", 3, 1, {"algo": "lokr", "factor": "16", "decompose_both": "True"}),
    ("lycoris.kohya", 4, 2, {"algo": "lokr", "full_matrix": "True", "factor": "8"}),
]

print("/* Made by make_network_keys.py with sd-scripts and LyCORIS 4.1.3. */\n/* clang-format off */")
print("static const struct {\n    const char *module, *dim, *alpha;\n    const char *args;\n    int tensors;\n    const char *sha256;\n} network_keys[] = {")
for module, dim, alpha, args in ROWS:
    network = (of_scripts if module == "networks.lora" else of_lycoris)(dim, alpha, **args)
    lines = sorted(f"{k} {'x'.join(map(str, v.shape))}" for k, v in tensors(network))
    digest = hashlib.sha256("".join(line + "\n" for line in lines).encode()).hexdigest()
    text = "[" + ", ".join(f'\\"{k}={v}\\"' for k, v in args.items()) + "]"
    print(f'    {{"{module}", "{dim}", "{alpha}", "{text if args else ""}",\n     {len(lines)}, "{digest}"}},')
    if len(sys.argv) > 3:
        print(*lines, sep="\n", file=sys.stderr)
print("};")
