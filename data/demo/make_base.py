#!/usr/bin/env python3
"""Makes the demo's base model: a small Stable Diffusion 1.x checkpoint, trained from nothing on two processor cores.

    python make_base.py --work FOLDER --out base.safetensors      train what is not trained yet, and write the file
    python make_base.py --work FOLDER --sheet sheet.png           draw with the newest state

FOLDER keeps the states; a run that was killed goes on where it was. All budgets are counted in steps and all random
numbers follow from --seed and the step. README.md tells what is needed and how long it takes.
"""

import argparse
from pathlib import Path

import torch

from recipe import export, parts, sheet, unet, vae


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="folder of the states")
    parser.add_argument("--out", type=Path, help="the checkpoint to write")
    parser.add_argument("--sheet", type=Path, help="a picture of many prompts to write, from what is there")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--vae-steps", type=int, default=1600)
    parser.add_argument("--unet-steps", type=int, default=1450)
    parser.add_argument("--processes", type=int, default=2, help="for the U-Net; each works on its part of every batch")
    args = parser.parse_args()
    torch.set_num_threads(1)
    args.work.mkdir(parents=True, exist_ok=True)
    arch = parts.architecture()
    trained_vae, moments = vae.prepare(args.work, arch, args.seed, args.vae_steps)
    if args.out:
        unet.train(args.work, arch, args.seed, args.unet_steps, moments, args.processes)
        export.write(args.out, arch, trained_vae, *unet.averaged(args.work, arch), args.seed)
    if args.sheet:
        sheet.write(args.sheet, trained_vae, *unet.averaged(args.work, arch))


if __name__ == "__main__":
    main()
