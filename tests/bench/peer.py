#!/usr/bin/env python3
"""A lean PyTorch trainer of the same work as bench-step: LoRA on Stable Diffusion 1.5 in its true size, on the CPU.

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


def fill(model, dtype):
    """Random weights that keep the variance of what passes through them, made fast."""
    model.to_empty(device="cpu")
    for name, p in model.named_parameters():
        if p.dim() > 1:
            nn.init.normal_(p, std=(p[0].numel()) ** -0.5 if "embedding" not in name else 0.02)
        else:
            nn.init.constant_(p, 1.0 if name.endswith("weight") else 0.0)
    for module in model.modules():
        if hasattr(module, "position_ids"):
            module.position_ids = torch.arange(TEXT["max_position_embeddings"])[None]
    assert all(p.dtype == dtype for p in model.parameters())
    return model.requires_grad_(False)


def build(dtype):
    with torch.device("meta"):
        torch.set_default_dtype(dtype)
        unet = UNet2DConditionModel(**UNET)
        text = CLIPTextModel(CLIPTextConfig(**TEXT, attn_implementation="sdpa"))
        torch.set_default_dtype(torch.float32)
    return fill(unet, dtype).to(memory_format=torch.channels_last), fill(text, dtype)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--precision", default="bf16", choices=["bf16", "fp32"])
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--rank", type=int, default=16)
    parser.add_argument("--no-te", action="store_true")
    parser.add_argument("--checkpointing", action="store_true")
    o = parser.parse_args()
    torch.manual_seed(1)
    dtype = torch.bfloat16 if o.precision == "bf16" else torch.float32
    unet, text = build(dtype)
    parameters = adapt(unet, is_unet_layer, o.rank, o.rank / 2)
    if not o.no_te:
        parameters += adapt(text, is_text_layer, o.rank, o.rank / 2)
    if o.checkpointing:
        unet.enable_gradient_checkpointing()
        unet.train()
    print(f"{len(parameters) // 2} modules, {sum(p.numel() for p in parameters) / 1e6:.2f} M parameters", flush=True)
    optimizer = torch.optim.AdamW(parameters, lr=1e-4)
    ids = torch.randint(1000, 40000, (o.batch, 77))
    latents, noise = (torch.randn(o.batch, 4, o.size // 8, o.size // 8) for _ in range(2))
    t = torch.full((o.batch,), 500)
    seconds = []
    for step in range(o.steps + 1):
        begin = time.monotonic()
        with torch.set_grad_enabled(not o.no_te):
            context = text(ids)[0]
        noisy = (0.5 * latents + 0.866 * noise).to(dtype, memory_format=torch.channels_last)
        loss = F.mse_loss(unet(noisy, t, context).sample.float(), noise)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        seconds.append(time.monotonic() - begin)
        print(f"step {step}: {seconds[-1]:.3f} s, loss {loss.item():.5f}, gradient norm {norm:.5g}", flush=True)
        if step == 0:
            first = time.monotonic() - START
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)
    timed = seconds[1:] or seconds
    print(f"result: precision {o.precision} size {o.size} batch {o.batch} te {int(not o.no_te)}: fastest {min(timed):.3f} "
          f"median {statistics.median(timed):.3f} s; first step done {first:.2f} s after start; peak {peak:.3f} GiB")


main()
