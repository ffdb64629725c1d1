"""Files of PyTorch's, written without it."""

import json
import pickle
import struct
import sys
import types
import unittest.mock
import zipfile


def save_as_torch(source, target, other=dict):
    """The tensors of a safetensors file as torch.save would write them, beside another class."""
    data = source.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + size])
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
    storages = {"F32": "FloatStorage", "F16": "HalfStorage", "BF16": "BFloat16Storage", "I64": "LongStorage"}
    for name in storages.values():
        setattr(torch, name, type(name, (), {"__module__": "torch"}))
    exec("def _rebuild_tensor_v2(*args): pass", utils.__dict__)
    utils._rebuild_tensor_v2.__module__ = "torch._utils"

    class Tensor:
        def __init__(self, key, info):
            self.key, self.info = key, info

        def __reduce__(self):
            shape, strides, step = self.info["shape"], [], 1
            for side in reversed(shape):
                strides.insert(0, step)
                step *= side
            return utils._rebuild_tensor_v2, (Storage(self.key, self.info, step), 0, tuple(shape), tuple(strides), False, {})

    class Storage:
        def __init__(self, key, info, count):
            self.id = ("storage", getattr(torch, storages[info["dtype"]]), key, "cpu", count)

    class Pickler(pickle.Pickler):
        def persistent_id(self, value):
            return value.id if isinstance(value, Storage) else None

    tensors = {name: info for name, info in header.items() if name != "__metadata__" and info["dtype"] in storages}
    with zipfile.ZipFile(target, "w") as archive, unittest.mock.patch.dict(sys.modules, {"torch": torch, "torch._utils": utils}):
        with archive.open("model/data.pkl", "w") as file:
            state = {name: Tensor(str(i), info) for i, (name, info) in enumerate(tensors.items())}
            Pickler(file, 2).dump({"epoch": 7, "state_dict": state, "callbacks": [other]})
        for i, info in enumerate(tensors.values()):
            first, end = info["data_offsets"]
            archive.writestr(f"model/data/{i}", data[8 + size + first : 8 + size + end])
