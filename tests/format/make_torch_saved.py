#!/usr/bin/env python3
"""make_torch_saved.py FILE: a small checkpoint as PyTorch Lightning leaves them, by torch.save itself.

Beside the weights it has what must be passed over: counters, a callback's class and state, an optimizer, tensors that
are no plain rows of numbers. Needs torch and numpy.
"""
import sys
from collections import OrderedDict

import numpy
import torch


class ModelCheckpoint:
    """Stands for a class that a reader does not have."""


weights = torch.arange(24, dtype=torch.float32).reshape(2, 3, 4) / 8
shared = torch.arange(10, dtype=torch.float16)
state = OrderedDict()
state["model.first.weight"] = weights
state["model.half"] = shared[:4]
state["model.tail"] = shared[6:].reshape(2, 2)
state["model.bf16"] = torch.tensor([1.5, -2.25], dtype=torch.bfloat16)
state["model.turned"] = weights.permute(2, 1, 0)
state["model.number"] = torch.tensor(1000)
state["model.none"] = torch.zeros(0, 4)
state["model.parameter"] = torch.nn.Parameter(torch.full((3,), 0.5))
state._metadata = {"": {"version": 1}}
torch.save({
    "epoch": 3, "global_step": 2**40, "pytorch-lightning_version": "1.4.2",
    "state_dict": state,
    "callbacks": {ModelCheckpoint: {"best": numpy.float64(0.25), "monitor": None}},
    "optimizer_states": [{"state": {0: {"step": 5, "moment": torch.ones(2)}}, "param_groups": [{"lr": 1e-4, "betas": (0.9, 0.999)}]}],
    "hyper": {"names": ["a", "b"], "flag": True, "set": {1, 2}},
}, sys.argv[1])
