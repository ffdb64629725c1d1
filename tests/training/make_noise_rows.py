#!/usr/bin/env python3
"""Writes noise_rows.h: the noise of a batch with every option, made by PyTorch's own operations in the order of
sd-scripts (get_noise_noisy_latents_and_timesteps, apply_noise_offset, pyramid_noise_like). Only the random numbers are
the program's: Philox4x32-10 and Box-Muller, written anew here.

    make_noise_rows.py > noise_rows.h        (needs torch)
"""
import math

import torch

SEED, STEP = 7, 3
NOISE, OFFSET, IP, STRENGTH, COARSE = 1, 4, 11, 12, 13
B, H, W, C = 2, 9, 13, 4
MASK = 0xFFFFFFFF


def philox(index, purpose):
    c = [index & MASK, index >> 32, purpose, STEP]
    k = [SEED & MASK, SEED >> 32]
    for _ in range(10):
        a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(b >> 32) ^ c[1] ^ k[0], b & MASK, (a >> 32) ^ c[3] ^ k[1], a & MASK]
        k = [(k[0] + 0x9E3779B9) & MASK, (k[1] + 0xBB67AE85) & MASK]
    return c


def uniform(purpose, index):
    words = philox(index // 2, purpose)
    hi, lo = words[2 * (index % 2):][:2]
    return ((hi << 32 | lo) >> 11) * 2.0**-53


def normals(purpose, first, count):
    out = []
    for i in range(first, first + count):
        words = philox(i // 4, purpose)
        u, v = ((w + 0.5) * 2.0**-32 for w in words[2 * (i % 4 // 2):][:2])
        r = math.sqrt(-2 * math.log(u))
        out.append(r * (math.sin if i % 2 else math.cos)(2 * math.pi * v))
    return torch.tensor(out, dtype=torch.float64)


def pictures(purpose, first, b, h, w):
    """Channels last in the program's order of numbers, channels first for PyTorch."""
    return normals(purpose, first, b * h * w * C).reshape(b, h, w, C).permute(0, 3, 1, 2)


def draw(latents, offset=0, random_offset=False, adaptive=0, iterations=0, discount=0.3, gamma=0, random_gamma=False):
    noise = pictures(NOISE, 0, B, H, W)
    if offset:
        strength = uniform(STRENGTH, 0) * offset if random_offset else offset
        if adaptive:
            strength = torch.clamp(strength + adaptive * torch.abs(latents.mean(dim=(2, 3), keepdim=True)), 0.0, None)
        noise = noise + strength * normals(OFFSET, 0, B * C).reshape(B, C, 1, 1)
    if iterations:
        up = torch.nn.Upsample(size=(H, W), mode="bilinear")
        drawn = 0
        for i in range(iterations):
            r = uniform(STRENGTH, 2 + i) * 2 + 2
            h, w = max(1, int(H / r**i)), max(1, int(W / r**i))
            noise = noise + up(pictures(COARSE, drawn, B, h, w)) * discount**i
            drawn += B * h * w * C
            if h == 1 or w == 1:
                break
        noise = noise / noise.std()
    added = noise
    if gamma:
        strength = uniform(STRENGTH, 1) * gamma if random_gamma else gamma
        added = noise + strength * pictures(IP, 0, B, H, W)
    return noise, added


latents = torch.tensor([math.sin(0.37 * i) + 0.5 * (i % 3) for i in range(B * H * W * C)], dtype=torch.float64)
latents = latents.reshape(B, H, W, C).permute(0, 3, 1, 2)
CASES = [
    dict(),
    dict(offset=0.1),
    dict(offset=0.1, random_offset=True),
    dict(offset=0.05, adaptive=0.2),
    dict(offset=0.02, adaptive=-0.1),
    dict(iterations=1),
    dict(iterations=6, discount=0.3),
    dict(iterations=10, discount=0.8, offset=0.1),
    dict(gamma=0.1),
    dict(gamma=0.3, random_gamma=True, iterations=3),
]
AT = [0, 1, 2, 3, 5, 51, 52, 200, 467, 468, 469, 701, 930, 935]
print("/* Made by make_noise_rows.py with torch %s. */" % torch.__version__)
print("/* clang-format off */")
print("enum { NOISE_BATCH = %d, NOISE_HEIGHT = %d, NOISE_WIDTH = %d, NOISE_VALUES = %d };" % (B, H, W, len(AT)))
print("static const int noise_at[NOISE_VALUES] = {%s};" % ", ".join(map(str, AT)))
print("static const struct {")
print("    double offset, adaptive, discount, gamma;\n    int iterations;\n    bool random_offset, random_gamma;")
print("    float noise[NOISE_VALUES], added[NOISE_VALUES];\n} noise_option_rows[] = {")
for case in CASES:
    both = [t.permute(0, 2, 3, 1).reshape(-1) for t in draw(latents, **case)]
    texts = ["{%s}" % ", ".join("%.9gf" % t[i].item() if "." in "%.9g" % t[i].item() else "%.9g.0f" % t[i].item() for i in AT) for t in both]
    print("    {%r, %r, %r, %r, %d, %s, %s,\n     %s,\n     %s}," % (
        float(case.get("offset", 0)), float(case.get("adaptive", 0)), float(case.get("discount", 0.3)), float(case.get("gamma", 0)),
        case.get("iterations", 0), str(case.get("random_offset", False)).lower(), str(case.get("random_gamma", False)).lower(), *texts))
print("};")
