#!/usr/bin/env python3
"""Writes size_rows.h: what sd-scripts tells SDXL's U-Net of sizes, by its own arithmetic.

    make_size_rows.py > size_rows.h

The function is BucketManager.get_crop_ltrb of kohya-ss/sd-scripts (library/train_util.py), as Python evaluates it; the
rest is what its dataset's __getitem__ makes of the result.
"""


def crop_of(bucket, picture):
    if bucket[0] / bucket[1] > picture[0] / picture[1]:
        width, height = bucket[1] * (picture[0] / picture[1]), bucket[1]
    else:
        width, height = bucket[0], bucket[0] / (picture[0] / picture[1])
    left, top = (bucket[0] - width) // 2, (bucket[1] - height) // 2
    return left, top, left + width, top + height


def sizes(picture, bucket, flipped):
    left, top, right, _ = crop_of(bucket, picture)
    left = bucket[0] - right if flipped else left
    return [picture[1], picture[0], int(top), int(left), bucket[1], bucket[0]]


PICTURES = [(1024, 1024), (1920, 1080), (1080, 1920), (777, 1234), (3000, 200), (65, 64), (1, 1), (4096, 4095)]
BUCKETS = [(1024, 1024), (1216, 832), (832, 1216), (896, 1152), (640, 1536)]
print("/* Made by make_size_rows.py. */\n/* clang-format off */")
print("static const struct {\n    LkSize picture, bucket;\n    bool flipped;\n    float sizes[LK_SIZE_COUNT];\n} size_rows[] = {")
for p in PICTURES:
    for b in BUCKETS:
        for flipped in (False, True):
            print("    {{%d, %d}, {%d, %d}, %s, {%s}}," % (*p, *b, str(flipped).lower(), ", ".join(map(str, sizes(p, b, flipped)))))
print("};")
