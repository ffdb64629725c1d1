"""Writes e4m3_rows.h: what torch rounds floats to as float8_e4m3fn. Every code, every middle between two of them and its
neighbours, and random numbers; only what is at most 448, where torch saturates no more than we do.

    python make_e4m3_rows.py > e4m3_rows.h
"""

import torch

codes = torch.arange(0x7F, dtype=torch.uint8).view(torch.float8_e4m3fn).to(torch.float32)
middles = (codes[1:] + codes[:-1]) / 2
step = torch.tensor(float("inf"))
values = [codes, middles, torch.nextafter(middles, step), torch.nextafter(middles, -step)]
torch.manual_seed(1)
values.append(torch.randn(200) * torch.exp(torch.randn(200) * 3))
values = torch.cat(values)
values = torch.cat([values, -values])
values = values[values.abs() <= 448]
rounded = values.to(torch.float8_e4m3fn).view(torch.uint8)

print("/* Made by make_e4m3_rows.py: the bits of floats, and of what torch %s makes of them. */" % torch.__version__.split("+")[0])
print("/* clang-format off */")
print("static const struct {\n    uint32_t bits;\n    uint8_t code;\n} e4m3_rows[] = {")
rows = ["{0x%08x, 0x%02x}," % (bits & 0xFFFFFFFF, code) for bits, code in zip(values.view(torch.int32).tolist(), rounded.tolist())]
for i in range(0, len(rows), 5):
    print("    " + " ".join(rows[i : i + 5]))
print("};")
