#!/usr/bin/env python3
"""Writes tiles.safetensors: what diffusers' AutoencoderKL makes in tiles, with the VAE of tests/parity/cases/plain, in
float64.

    make_tile_rows.py    (needs what tests/oracle/requirements.txt lists, and CLIP's vocabulary, see there)

Tensors are channels last, as the engine has them: picture u8, latent, and for each tile size in pixels moments.SIDE and
decoded.SIDE; side 0 is without tiles.
"""
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "sampling"))
import make_pictures  # noqa: E402

HEIGHT, WIDTH, FACTOR = 64, 128, 8
SIDES = (0, 32, 96)


@torch.no_grad()
def main():
    vae = make_pictures.Maker("plain").plain.vae
    torch.manual_seed(11)
    coarse = torch.rand(1, 3, HEIGHT // 8, WIDTH // 8)
    smooth = torch.nn.functional.interpolate(coarse, size=(HEIGHT, WIDTH), mode="bicubic")
    picture = ((0.8 * smooth + 0.2 * torch.rand(1, 3, HEIGHT, WIDTH)) * 255).clamp(0, 255).to(torch.uint8)
    latent = torch.randn(1, 4, HEIGHT // FACTOR, WIDTH // FACTOR, dtype=torch.float64).float()
    out = {"picture": picture[0].permute(1, 2, 0), "latent": latent[0].permute(1, 2, 0)}
    seen = (picture.float() / 127.5 - 1).double()
    for side in SIDES:
        vae.use_tiling = side > 0
        vae.tile_sample_min_size = side
        vae.tile_latent_min_size = side // FACTOR
        moments, decoded = vae._encode(seen), vae._decode(latent.double()).sample
        out[f"moments.{side}"] = moments[0].permute(1, 2, 0).float()
        out[f"decoded.{side}"] = decoded[0].permute(1, 2, 0).float()
    save_file({k: v.contiguous() for k, v in out.items()}, HERE / "tiles.safetensors")
    for side in SIDES[1:]:
        for what in ("moments", "decoded"):
            whole, tiled = out[f"{what}.0"], out[f"{what}.{side}"]
            print(what, side, "differs from the whole by", float((tiled - whole).norm() / whole.norm()))


if __name__ == "__main__":
    main()
