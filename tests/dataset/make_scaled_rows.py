#!/usr/bin/env python3
"""Writes scaled_truth.h: pictures scaled in every way of resize_interpolation, and colours changed, by OpenCV and Pillow.

    make_scaled_rows.py > scaled_truth.h    (needs opencv-python-headless 4.10, numpy and Pillow)

The functions of those libraries are what sd-scripts calls (resize_image in library/utils.py, AugHelper in
library/train_util.py).
"""
import textwrap

import cv2
import numpy as np
import PIL
from PIL import Image

cv2.setUseOptimized(False)
WAYS = {"nearest": cv2.INTER_NEAREST_EXACT, "bilinear": cv2.INTER_LINEAR, "bicubic": cv2.INTER_CUBIC, "area": cv2.INTER_AREA,
        "box": Image.Resampling.BOX, "lanczos": Image.Resampling.LANCZOS}
SIZES = [(13, 9, 8, 6), (7, 10, 12, 14), (12, 7, 6, 11), (9, 9, 5, 9)]


def picture(width, height, seed):
    values = []
    for _ in range(width * height * 3):
        seed = (seed * 1664525 + 1013904223) % 2**32
        values.append(seed >> 24)
    return np.array(values, np.uint8).reshape(height, width, 3)


def bytes_of(array):
    return "\n" + textwrap.fill(", ".join(map(str, array.reshape(-1).tolist())), 116).replace(", ", ",")


print(f"/* Made by make_scaled_rows.py with OpenCV {cv2.__version__} and Pillow {PIL.__version__}; data only. */")
print("#pragma once\n\n#include <stdint.h>\n\n/* clang-format off */")
print("static const struct {\n    const char *way;\n    int from_width, from_height, to_width, to_height;\n"
      "    uint32_t seed; /* as in resample_truth.h */\n    const uint8_t *expected;\n} scaled_cases[] = {")
for way, code in WAYS.items():
    for number, (fw, fh, tw, th) in enumerate(SIZES):
        source = picture(fw, fh, number + 1)
        if isinstance(code, Image.Resampling):
            made = np.array(Image.fromarray(source).resize((tw, th), code))
        else:
            made = cv2.resize(source, (tw, th), interpolation=code)
        print(f'    {{"{way}", {fw}, {fh}, {tw}, {th}, {number + 1}, (const uint8_t[]){{{bytes_of(made)}}}}},')
print("};\n\n/* 9 x 7 pictures of these seeds. */\nstatic const struct {\n    uint32_t seed;\n    double hue; /* in OpenCV's 180 degrees */\n"
      "    double gamma; /* 0: none */\n    const uint8_t *expected;\n} colour_cases[] = {")
for seed, (hue, gamma) in enumerate([(3.7, 0), (-5.25, 0), (7.99, 0), (0.4, 0), (0, 0.95), (0, 1.05), (0, 1.0), (0, 0.987)], 11):
    made = picture(9, 7, seed)
    if gamma:
        made = np.clip(made**gamma, 0, 255).astype(np.uint8)
    else:
        hsv = cv2.cvtColor(made, cv2.COLOR_RGB2HSV)
        hsv[:, :, 0] = (hsv[:, :, 0] + (180 + hue if hue < 0 else hue)) % 180
        made = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)
    print(f"    {{{seed}, {hue}, {gamma}, (const uint8_t[]){{{bytes_of(made)}}}}},")
print("};\n/* clang-format on */")
