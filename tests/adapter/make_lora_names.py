#!/usr/bin/env python3
"""Writes lora_names_rows.h: the adapted layers of some architectures under all their names.

    make_lora_names.py FOLDER_OF_MAKE_CASE FOLDER_OF_SD_SCRIPTS > lora_names_rows.h

Kohya names of SD 1.x and their order are sd-scripts' own (its network is built on its own U-Net, without memory for
weights); everything else comes from diffusers' models and the mapping that make_case.py checks by loading checkpoints.
Needs torch, diffusers and transformers.
"""
import sys
from unittest.mock import MagicMock

oracle, scripts = sys.argv[1:]
for absent in ("einops", "voluptuous", "toml", "cv2", "imagesize", "library.device_utils", "library.utils", "library.sdxl_original_unet"):
    sys.modules[absent] = MagicMock()
sys.modules["library.sdxl_original_unet"].SdxlUNet2DConditionModel = type("Sdxl", (), {})
sys.path[:0] = [oracle, scripts]
import torch  # noqa: E402
import make_case as mc  # noqa: E402
import networks.lora  # noqa: E402
from library.original_unet import UNet2DConditionModel  # noqa: E402
from transformers import CLIPTextConfig, CLIPTextModel  # noqa: E402


def sd_scripts_order():
    with torch.device("meta"):
        unet = UNet2DConditionModel(sample_size=64, attention_head_dim=8, cross_attention_dim=768)
        text = CLIPTextModel(CLIPTextConfig(hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12))
        net = networks.lora.create_network(1.0, 4, 1.0, None, text, unet, conv_dim="4", conv_alpha="1")
    names = [m.lora_name for m in net.text_encoder_loras + net.unet_loras]
    # transformers 5 has no "text_model" in its paths, which released LoRAs have
    return [n.replace("lora_te_encoder_", "lora_te_text_model_encoder_") for n in names]


def c_list(values):
    return "{" + ", ".join(str(v).lower() if isinstance(v, bool) else str(v) for v in values) + "}"


print("/* Made by make_lora_names.py with sd-scripts 0.10.1 and diffusers. */\n/* clang-format off */")
print("""typedef struct NameRow {
    const char *kohya, *diffusers, *layer;
    int part; /* of OpenCLIP's fused in_proj, or -1 */
    LkLoraKind kind;
} NameRow;
""")
archs = []
for tag, argv in (("sd1", ["--family", "sd1", "--mult", "1,2,4,4", "--te-layers", "12"]),
                  ("sd2", ["--family", "sd2-v", "--te-layers", "2", "--mult", "1,1,2,2"]),
                  ("sdxl", ["--family", "sdxl", "--te-layers", "2", "--depths", "2,3"])):
    arch = mc.make_arch(mc.parse_args(["--out", "x", *argv]))
    models, _ = mc.build_models(arch, 1, torch.float16)
    table, rows = mc.unet_blocks(arch), {}
    trained = ["unet"] + [f"te{i + 1}" for i in range(len(arch.texts))]
    for name, where, path, module in mc.adapter_targets(arch, models, trained, True):
        kind = "LK_LORA_LINEAR" if module.weight.ndim == 2 else "LK_LORA_POINTWISE" if module.kernel_size == (1, 1) else "LK_LORA_CONV"
        part = -1
        if where == "unet":
            diffusers, layer = "unet." + path, "model.diffusion_model." + mc.unet_original_name(path, table)
        else:
            text = arch.texts[where]
            diffusers = f"text_encoder{'_2' if where else ''}.text_model.encoder.{path}"
            if text.kind == "clip":
                layer = f"{text.prefix}text_model.encoder.{path}"
            else:
                _, i, block = path.split(".", 2)
                names = {"mlp.fc1": "mlp.c_fc", "mlp.fc2": "mlp.c_proj", "self_attn.out_proj": "attn.out_proj"}
                part = -1 if block in names else "qkv".index(block[len("self_attn.")])
                layer = f"{text.prefix}transformer.resblocks.{i}.{names.get(block, 'attn.in_proj_weight')}"
        rows[name] = (name, diffusers, layer, part, kind)
    order = sd_scripts_order() if tag == "sd1" else list(rows)
    assert sorted(order) == sorted(rows), tag
    print(f"static const NameRow {tag}_rows[] = {{")
    for name in order:
        print('    {"%s", "%s", "%s", %d, %s},' % rows[name])
    print("};\n")
    archs.append("    {%s, {%d, %d, %s, %s, %d, %s, %d, %s}, %s_rows, G_N_ELEMENTS(%s_rows)}," % (
        {"sd1": "LK_LORA_SD1", "sd2": "LK_LORA_SD2", "sdxl": "LK_LORA_SDXL"}[tag], len(arch.channels), arch.layers_per_block,
        c_list(arch.attention_levels), c_list(arch.depths), max(1, arch.depths[-1]), c_list(arch.channels), len(arch.texts),
        c_list(t.layers for t in arch.texts), tag, tag))
print("static const struct {\n    LkLoraFamily family;\n    LkLoraShape shape;\n    const NameRow *rows;\n    size_t count;\n} name_tables[] = {")
print("\n".join(archs))
print("};")
