"""What the tests of the command line share: TAP, small pictures and jobs, and running the program."""

import json
import os
import random
import shutil
import struct
import subprocess
import tempfile
import zlib
from pathlib import Path

CASE = Path(__file__).resolve().parents[1] / "parity/cases/plain"
MODEL = CASE / "model.safetensors"
LORA = CASE / "lora.safetensors"


class Tap:
    """Counts checks and prints them."""

    def __init__(self):
        self.count, self.failed = 0, 0

    def ok(self, good, name, *notes):
        self.count += 1
        good = bool(good)
        self.failed += not good
        print(f"{'ok' if good else 'not ok'} {self.count} - {name}", flush=True)
        for note in notes if not good else ():
            for line in str(note).splitlines()[:20]:
                print(f"# {line[:500]}", flush=True)
        return good

    def end(self):
        print(f"1..{self.count}", flush=True)
        return 1 if self.failed else 0


def png(path, width, height, seed):
    """An RGB picture of colours that differ from seed to seed."""
    pick = random.Random(seed)
    a, b, c, d, e = (pick.randrange(256) for _ in range(5))
    rows = bytearray()
    for y in range(height):
        rows.append(0)
        for x in range(width):
            rows += bytes(((a + x * d // width) & 255, (b + y * e // height) & 255, (c + (x ^ y)) & 255))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    Path(path).write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(rows))) + chunk(b"IEND", b"")
    )


SIZES = [(128, 128), (160, 100), (100, 160), (128, 120), (200, 90)]


def pictures(folder):
    """Five pictures for three buckets, with captions."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for i, (width, height) in enumerate(SIZES):
        png(folder / f"p{i}.png", width, height, i)
        (folder / f"p{i}.txt").write_text(f"sks dog, picture {i}, red, green, blue\n")
    return folder


JOB = {
    "pretrained_model_name_or_path": str(MODEL),
    "train_data_dir": "pictures",
    "output_dir": "out",
    "output_name": "tiny",
    "cache_dir": "cache",
    "resolution": 128,
    "enable_bucket": True,
    "min_bucket_reso": 64,
    "max_bucket_reso": 256,
    "train_batch_size": 2,
    "network_dim": 4,
    "network_alpha": 2,
    "learning_rate": 1e-3,
    "max_train_steps": 4,
    "seed": 3,
}


def write_job(path, **changes):
    """A job file; a value of None leaves the key out. JSON's texts, numbers and booleans are TOML's."""
    rows = {**JOB, **changes}
    Path(path).write_text("".join(f"{key} = {json.dumps(value)}\n" for key, value in rows.items() if value is not None))
    return path


class Lab:
    """A scratch folder in which the program runs."""

    def __init__(self, program):
        self.program = str(Path(program).resolve())
        self.folder = Path(tempfile.mkdtemp(prefix="lorikeet-test-"))
        # Threads that wait by spinning take the processor from whoever they wait for when the machine is busy.
        self.env = {**os.environ, "OMP_WAIT_POLICY": "passive", "LC_ALL": "C.UTF-8", "LANGUAGE": "",
                    "XDG_CACHE_HOME": str(self.folder / "xdg")}  # fmt: skip

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, *words, timeout=300, env=None, **more):
        return subprocess.run([self.program, *words], cwd=self.folder, env={**self.env, **(env or {})}, capture_output=True,
                              timeout=timeout, text=True, errors="surrogateescape", **more)  # fmt: skip

    def start(self, *words, errors=subprocess.PIPE):
        """Runs in the background, line by line."""
        return subprocess.Popen([self.program, *words], cwd=self.folder, env=self.env, stdout=subprocess.PIPE,
                                stderr=errors, text=True)  # fmt: skip

    def __truediv__(self, name):
        return self.folder / name


def events(text):
    return [json.loads(line) for line in text.splitlines()]


def safetensors(path):
    """(metadata, {name: (dtype, shape, bytes)})"""
    data = Path(path).read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + size])
    metadata = header.pop("__metadata__", {})
    body = data[8 + size :]
    return metadata, {n: (t["dtype"], t["shape"], body[slice(*t["data_offsets"])]) for n, t in header.items()}


def floats(tensor):
    dtype, _, data = tensor
    if dtype == "BF16":
        return [struct.unpack("<f", b"\0\0" + data[i : i + 2])[0] for i in range(0, len(data), 2)]
    letter, size = {"F32": ("f", 4), "F16": ("e", 2)}[dtype]
    return list(struct.unpack(f"<{len(data) // size}{letter}", data))
