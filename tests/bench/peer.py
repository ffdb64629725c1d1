#!/usr/bin/env python3
"""A lean PyTorch trainer of the same work as bench-step: LoRA on Stable Diffusion 1.5 or SDXL in its true size.

It is what a careful user of diffusers would write for speed: the base in the compute type, channels last, fused
attention (sdpa), LoRA masters in float32, no framework around the loop. Weights are random; speed does not depend on
them. Prints one line per step and a last line "result: ...".
"""
import time

START = time.monotonic()

import argparse
import resource
import statistics

import torch
from diffusers import UNet2DConditionModel
from torch import nn
from torch.nn import functional as F
from transformers import CLIPTextConfig, CLIPTextModel

UNET = dict(
    sample_size=64, in_channels=4, out_channels=4, block_out_channels=(320, 640, 1280, 1280), layers_per_block=2,
    cross_attention_dim=768, attention_head_dim=8,
    down_block_types=("CrossAttnDownBlock2D",) * 3 + ("DownBlock2D",),
    up_block_types=("UpBlock2D",) + ("CrossAttnUpBlock2D",) * 3)
UNET_SDXL = dict(
    sample_size=128, in_channels=4, out_channels=4, block_out_channels=(320, 640, 1280), layers_per_block=2,
    cross_attention_dim=2048, attention_head_dim=(5, 10, 20), transformer_layers_per_block=(1, 2, 10),
    use_linear_projection=True, addition_embed_type="text_time", addition_time_embed_dim=256,
    projection_class_embeddings_input_dim=2816,
    down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
    up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"))
TEXT = dict(
    vocab_size=49408, hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12,
    max_position_embeddings=77, hidden_act="quick_gelu")


class Lora(nn.Module):
    """A frozen layer and its LoRA; masters are float32, products run in the layer's type."""

    def __init__(self, base, rank, alpha):
        super().__init__()
        self.base, self.scale = base, alpha / rank
        out, inputs = base.weight.shape[:2]
        self.conv = base.weight.dim() == 4
        self.down = nn.Parameter(torch.randn(rank, inputs) / inputs**0.5)
        self.up = nn.Parameter(torch.randn(out, rank) * 0.01)

    def forward(self, x):
        down, up = self.down.to(x.dtype), self.up.to(x.dtype) * self.scale
        if self.conv:
            return self.base(x) + F.conv2d(F.conv2d(x, down[:, :, None, None]), up[:, :, None, None])
        return self.base(x) + F.linear(F.linear(x, down), up)


def adapt(model, wanted, rank, alpha):
    """Puts a Lora in the place of every wanted layer; returns their parameters."""
    found = []
    for name, module in list(model.named_modules()):
        for key, child in list(module.named_children()):
            if wanted(f"{name}.{key}", child):
                lora = Lora(child, rank, alpha)
                setattr(module, key, lora)
                found += [lora.down, lora.up]
    return found


def is_unet_layer(name, module):
    return ".attentions." in name and (isinstance(module, nn.Linear) or name.endswith((".proj_in", ".proj_out")))


def is_text_layer(name, module):
    return ".layers." in name and isinstance(module, nn.Linear)


def fill(model, dtype, device):
    """Random weights that keep the variance of what passes through them, made fast."""
    model.to_empty(device=device)
    for name, p in model.named_parameters():
        if p.dim() > 1:
            nn.init.normal_(p, std=(p[0].numel()) ** -0.5 if "embedding" not in name else 0.02)
        else:
            nn.init.constant_(p, 1.0 if name.endswith("weight") else 0.0)
    for module in model.modules():
        if hasattr(module, "position_ids"):
            module.position_ids = torch.arange(TEXT["max_position_embeddings"], device=device)[None]
    assert all(p.dtype == dtype for p in model.parameters())
    return model.requires_grad_(False)


def build(family, dtype, device):
    with torch.device("meta"):
        torch.set_default_dtype(dtype)
        unet = UNet2DConditionModel(**(UNET_SDXL if family == "sdxl" else UNET))
        text = CLIPTextModel(CLIPTextConfig(**TEXT, attn_implementation="sdpa")) if family == "sd1" else None
        torch.set_default_dtype(torch.float32)
    unet = fill(unet, dtype, device).to(memory_format=torch.channels_last)
    return unet, text and fill(text, dtype, device)


def peak_gib(device):
    if device == "cpu":
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)
    return torch.cuda.max_memory_reserved() / (1 << 30)


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--precision", default="bf16", choices=["bf16", "fp16", "tf32", "fp32"])
    parser.add_argument("--family", default="sd1", choices=["sd1", "sdxl"], help="sdxl trains the U-Net on given text states")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--rank", type=int, default=16)
    parser.add_argument("--no-te", action="store_true")
    parser.add_argument("--checkpointing", action="store_true")
    return parser.parse_args()


def main():
    o = arguments()
    torch.manual_seed(1)
    dtype = {"bf16": torch.bfloat16, "fp16": torch.float16}.get(o.precision, torch.float32)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = o.precision == "tf32"
    train_text = o.family == "sd1" and not o.no_te
    scaler = torch.amp.GradScaler(o.device, enabled=dtype == torch.float16)
    unet, text = build(o.family, dtype, o.device)
    parameters = adapt(unet, is_unet_layer, o.rank, o.rank / 2)
    if train_text:
        parameters += adapt(text, is_text_layer, o.rank, o.rank / 2)
    for p in parameters:
        p.data = p.data.to(o.device)
    if o.checkpointing:
        unet.enable_gradient_checkpointing()
        unet.train()
    print(f"{len(parameters) // 2} modules, {sum(p.numel() for p in parameters) / 1e6:.2f} M parameters", flush=True)
    optimizer = torch.optim.AdamW(parameters, lr=1e-4, fused=o.device != "cpu")
    ids = torch.randint(1000, 40000, (o.batch, 77), device=o.device)
    latents, noise = (torch.randn(o.batch, 4, o.size // 8, o.size // 8, device=o.device) for _ in range(2))
    t = torch.full((o.batch,), 500, device=o.device)
    more = {}
    if o.family == "sdxl":
        states = torch.randn(o.batch, 77, 2048, dtype=dtype, device=o.device)
        more["added_cond_kwargs"] = dict(
            text_embeds=torch.randn(o.batch, 1280, dtype=dtype, device=o.device),
            time_ids=torch.full((o.batch, 6), float(o.size), device=o.device))
    seconds = []
    for step in range(o.steps + 1):
        begin = time.monotonic()
        with torch.set_grad_enabled(train_text):
            context = text(ids)[0] if text else states
        noisy = (0.5 * latents + 0.866 * noise).to(dtype, memory_format=torch.channels_last)
        loss = F.mse_loss(unet(noisy, t, context, **more).sample.float(), noise)
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        norm = nn.utils.clip_grad_norm_(parameters, 1.0)
        scaler.step(optimizer)
        scaler.update()
        optimizer.zero_grad(set_to_none=True)
        loss, norm = loss.item(), float(norm)  # waits for the device, as a trainer that shows the loss does
        seconds.append(time.monotonic() - begin)
        print(f"step {step}: {seconds[-1]:.5f} s, loss {loss:.5f}, gradient norm {norm:.5g}", flush=True)
        if step == 0:
            first = time.monotonic() - START
    timed = seconds[1:] or seconds
    print(f"result: precision {o.precision} size {o.size} batch {o.batch} te {int(train_text)}: fastest {min(timed):.5f} "
          f"median {statistics.median(timed):.5f} s; first step done {first:.2f} s after start; peak {peak_gib(o.device):.3f} GiB")


main()
