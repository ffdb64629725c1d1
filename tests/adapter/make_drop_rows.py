#!/usr/bin/env python3
"""Writes drop_rows.h: what LyCORIS' own LoConModule makes of a layer while outputs or whole modules are dropped, with and
without DoRA, and its gradients.

    make_drop_rows.py FOLDER_OF_LYCORIS > drop_rows.h    (needs torch)
"""
import logging
import sys
from unittest.mock import MagicMock

for absent in ("einops", "voluptuous", "toml"):
    sys.modules[absent] = MagicMock()
sys.path.insert(0, sys.argv[1])
logging.disable(logging.CRITICAL)
import torch  # noqa: E402
from lycoris.modules.locon import LoConModule  # noqa: E402

OUT, IN, DIM, ROWS, ALPHA = 6, 5, 2, 3, 1.5
KEPT = [1, 0, 1, 1, 0, 1]


def list_of(tensor):
    return "{" + ", ".join(f"{v:.9g}" for v in tensor.reshape(-1).tolist()) + "}"


print("/* Made by make_drop_rows.py with LyCORIS' LoConModule. */\n#pragma once\n\n/* clang-format off */")
print(f"enum {{ DROP_OUT = {OUT}, DROP_IN = {IN}, DROP_DIM = {DIM}, DROP_ROWS = {ROWS} }};\n#define DROP_ALPHA {ALPHA}f")
print("static const int drop_kept[DROP_OUT] = {" + ", ".join(map(str, KEPT)) + "};")
print("static const struct {\n    const char *what;\n    bool dora, ranks, module; /* which of it is dropped */\n    float x[DROP_ROWS * DROP_IN], weight[DROP_OUT * DROP_IN], bias[DROP_OUT];\n"
      "    float down[DROP_DIM * DROP_IN], up[DROP_OUT * DROP_DIM], magnitude[DROP_OUT], d_y[DROP_ROWS * DROP_OUT];\n"
      "    float y[DROP_ROWS * DROP_OUT], d_down[DROP_DIM * DROP_IN], d_up[DROP_OUT * DROP_DIM], d_magnitude[DROP_OUT];\n} drop_rows[] = {")
for what, dora, ranks, module in (("LoCon, outputs dropped", 0, 1, 0), ("DoRA, nothing dropped", 1, 0, 0),
                                  ("DoRA, outputs dropped", 1, 1, 0), ("DoRA, the module dropped", 1, 1, 1)):
    torch.manual_seed(4)
    layer = torch.nn.Linear(IN, OUT).requires_grad_(False)
    adapter = LoConModule("x", layer, lora_dim=DIM, alpha=ALPHA, rank_dropout=0.5 if ranks else 0.0,
                          module_dropout=0.5, weight_decompose=bool(dora))
    torch.nn.init.normal_(adapter.lora_up.weight)
    if dora:
        with torch.no_grad():
            adapter.dora_scale.mul_(1.25)
    adapter.apply_to()
    adapter.train()
    x, d_y = torch.randn(ROWS, IN), torch.randn(ROWS, OUT)
    plain_rand = torch.rand
    torch.rand = lambda n, **_: torch.tensor([0.1 if module else 0.9]) if n == 1 else torch.tensor(KEPT) * 0.98 + 0.01
    y = layer(x)
    torch.rand = plain_rand
    if y.requires_grad:
        y.backward(d_y)
    zero = torch.zeros(OUT)
    grad = [p.grad if p.grad is not None else torch.zeros_like(p) for p in (adapter.lora_down.weight, adapter.lora_up.weight)]
    magnitude = adapter.dora_scale if dora else zero
    d_magnitude = adapter.dora_scale.grad if dora and adapter.dora_scale.grad is not None else zero
    parts = (x, layer.weight, layer.bias, adapter.lora_down.weight, adapter.lora_up.weight, magnitude, d_y, y, *grad, d_magnitude)
    flags = ", ".join("true" if v else "false" for v in (dora, ranks, module))
    print(f'    {{"{what}", {flags},\n     ' + ",\n     ".join(list_of(p.detach()) for p in parts) + "},")
print("};\n/* clang-format on */")
