#!/usr/bin/env python3
"""Writes network_keys.h: what files of every kind of network hold, by sd-scripts and LyCORIS themselves.

    make_network_keys.py FOLDER_OF_SD_SCRIPTS FOLDER_OF_LYCORIS > network_keys.h

A row is a family, the settings of a job, how many tensors its file has, and the SHA-256 of their names and shapes, one a
line ("lora_unet_….lora_down.weight 4x320x3x3"), sorted. Networks are built without memory for the model's weights. Needs
torch, diffusers and transformers.
"""
import hashlib
import logging
import sys
from unittest.mock import MagicMock

scripts, lycoris_folder = sys.argv[1:3]
for absent in ("einops", "voluptuous", "toml", "cv2", "imagesize", "library.device_utils", "library.utils"):
    sys.modules[absent] = MagicMock()
sys.path[:0] = [scripts, lycoris_folder]
logging.disable(logging.CRITICAL)
import torch  # noqa: E402
import networks.lora  # noqa: E402
import lycoris.kohya  # noqa: E402
from diffusers import UNet2DConditionModel  # noqa: E402
from library.original_unet import UNet2DConditionModel as ScriptsUNet  # noqa: E402
from library.sdxl_original_unet import SdxlUNet2DConditionModel  # noqa: E402
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection  # noqa: E402


# LyCORIS 4.1.3 finds the time embedding of diffusers' U-Net twice, by class and by name, and gives up; earlier ones have
# the names only.
full = lycoris.kohya.PRESET["full"]
full["unet_target_module"] = [m for m in full["unet_target_module"] if m != "TimestepEmbedding"]


# sd-scripts lengthens this list when convolutions are adapted, for all networks that the process makes after it.
plain_modules = list(networks.lora.LoRANetwork.UNET_TARGET_REPLACE_MODULE)


def clip(width, layers, projection=0):
    config = CLIPTextConfig(hidden_size=width, intermediate_size=4 * width, num_hidden_layers=layers, num_attention_heads=width // 64)
    config.projection_dim = projection
    return CLIPTextModelWithProjection(config) if projection else CLIPTextModel(config)


def parts_of(family, module):
    """Text encoders and U-Net as the network's maker gets them."""
    if family == "sdxl":
        return [clip(768, 12), clip(1280, 32, 1280)], SdxlUNet2DConditionModel()
    two = family == "sd2"
    text = clip(1024, 23) if two else clip(768, 12)  # sd-scripts leaves the last of SD 2's 24 blocks out
    heads = [5, 10, 20, 20] if two else 8
    if module == "networks.lora":
        return text, ScriptsUNet(sample_size=64, attention_head_dim=heads, cross_attention_dim=1024 if two else 768, use_linear_projection=two)
    return text, UNet2DConditionModel(sample_size=64, cross_attention_dim=1024 if two else 768, attention_head_dim=heads,
                                      block_out_channels=(320, 640, 1280, 1280), use_linear_projection=two)


def tensors(family, module, dim, alpha, args):
    networks.lora.LoRANetwork.UNET_TARGET_REPLACE_MODULE[:] = plain_modules
    with torch.device("meta"):
        text, unet = parts_of(family, module)
        if module == "networks.lora":
            network = networks.lora.create_network(1.0, dim, alpha, None, text, unet, **args)
    if module != "networks.lora":
        if args.get("dora_wd"):  # its norms are of weights that must be there, whatever they are
            unet.to_empty(device="cpu")
            for one in text if isinstance(text, list) else [text]:
                one.to_empty(device="cpu")
        network = lycoris.kohya.create_network(1.0, dim, alpha, None, text, unet, **args)
    network.apply_to(text, unet, True, True)
    for key, value in network.state_dict().items():
        # transformers 5 has no "text_model" in its paths, which released LoRAs have
        for prefix in ("lora_te_", "lora_te1_", "lora_te2_"):
            if key.startswith(prefix + "encoder_"):
                key = prefix + "text_model_" + key[len(prefix):]
        yield key, value


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
    ("lycoris.kohya", 4, 2, {"dora_wd": "True", "preset": "attn-mlp"}),
]
# every kind once for each of the other families
OTHERS = [
    ("networks.lora", 4, 1, {}),
    ("networks.lora", 4, 1, {"conv_dim": "3"}),
    ("lycoris.kohya", 4, 1, {}),
    ("lycoris.kohya", 4, 2, {"algo": "locon", "preset": "attn-mlp"}),
    ("lycoris.kohya", 4, 2, {"algo": "loha", "conv_dim": "2"}),
    ("lycoris.kohya", 4, 2, {"algo": "lokr", "conv_dim": "2"}),
    ("lycoris.kohya", 8, 2, {"algo": "lokr", "factor": "8", "decompose_both": "True", "preset": "attn-mlp"}),
    ("lycoris.kohya", 4, 2, {"dora_wd": "True"}),
    ("lycoris.kohya", 2, 2, {"algo": "loha", "dora_wd": "True", "preset": "attn-mlp"}),
]

# blocks as SDXL has them
XL_BLOCKS = [
    ("networks.lora", 4, 1, {"block_dims": ",".join(str(i % 3 * 2) for i in range(23)), "conv_dim": "1"}),
    ("networks.lora", 4, 1, {"block_dims": ",".join(str(i % 5) for i in range(23)), "conv_block_dims": ",".join(str(i % 4) for i in range(23))}),
    ("networks.lora", 4, 1, {"down_lr_weight": "sine", "up_lr_weight": "0,1,0.5", "mid_lr_weight": "1,0", "block_lr_zero_threshold": "0.3"}),
]

print("/* Made by make_network_keys.py with sd-scripts and LyCORIS 4.1.3. */\n/* clang-format off */")
print("static const struct {\n    const char *family, *module, *dim, *alpha;\n    const char *args;\n    int tensors;\n    const char *sha256;\n} network_keys[] = {")
for family, module, dim, alpha, args in [("sd1", *row) for row in ROWS] + [(f, *row) for f in ("sd2", "sdxl") for row in OTHERS] + [("sdxl", *row) for row in XL_BLOCKS]:
    lines = sorted(f"{k} {'x'.join(map(str, v.shape))}" for k, v in tensors(family, module, dim, alpha, args))
    digest = hashlib.sha256("".join(line + "\n" for line in lines).encode()).hexdigest()
    text = "[" + ", ".join(f'\\"{k}={v}\\"' for k, v in args.items()) + "]"
    print(f'    {{"{family}", "{module}", "{dim}", "{alpha}", "{text if args else ""}",\n     {len(lines)}, "{digest}"}},', flush=True)
    if len(sys.argv) > 3:
        print(f"# {family} {module} {args}", *lines, sep="\n", file=sys.stderr)
print("};")
