#!/usr/bin/env python3
"""lorikeet-cli as people and programs use it: every command, its output, its errors. Usage: test_cli.py PROGRAM"""

import json
import math
import os
import pickletools
import shutil
import struct
import subprocess
import sys
import unittest.mock
import zipfile
import zlib

from lab import CASE, JOB, LORA, MODEL, Lab, Tap, events, floats, pictures, png, safetensors, write_job
from torch_like import save_as_torch

tap = Tap()
COMMANDS = ["train", "plan", "check", "generate", "inspect", "export", "devices"]


def expect(lab, name, status, words, *texts, out=None):
    """Runs and checks status and what it says; texts must all be in stderr."""
    done = lab.run(*words)
    missing = [t for t in texts if t not in done.stderr]
    good = done.returncode == status and not missing and (out is None or out in done.stdout)
    tap.ok(good, name, f"status {done.returncode}, wanted {status}; missing {missing}", done.stderr, done.stdout[:500])
    return done


def tidy(lab):
    """No temporary file is left anywhere."""
    return not list(lab.folder.rglob("*.tmp")) and not list(lab.folder.rglob(".lorikeet-*"))


# ---------------------------------------------------------------- usage


def test_usage(lab):
    expect(lab, "--version", 0, ["--version"], out="lorikeet-cli ")
    help_text = lab.run("--help").stdout
    tap.ok(all(f"  {c}" in help_text for c in COMMANDS), "--help names every command", help_text)
    for command in COMMANDS:
        expect(lab, f"{command} --help", 0, [command, "--help"], out=f"Usage: lorikeet-cli {command}")
    parameters = lab.run("--help-parameters")
    tap.ok(parameters.returncode == 0 and all(k in parameters.stdout for k in JOB), "--help-parameters names the keys")
    expect(lab, "no command", 2, [], "--help")
    expect(lab, "a misspelt command", 2, ["trian"], "trian", "train")
    expect(lab, "a misspelt option", 2, ["train", "j.toml", "--rseume"], "--rseume", "--resume")
    expect(lab, "an option of nowhere", 2, ["devices", "--zzzzzzzz"], "--zzzzzzzz")
    expect(lab, "one dash", 2, ["devices", "-j"], "-j")
    expect(lab, "no value", 2, ["plan", "j.toml", "--device"], "--device needs a value")
    expect(lab, "a value for a flag", 2, ["devices", "--json=yes"], "--json takes no value")
    expect(lab, "a wrong choice", 2, ["train", "j.toml", "--progress", "loud"], "loud", "auto, bar, json, none")
    expect(lab, "no argument", 2, ["train"], "JOB.toml")
    expect(lab, "an argument too many", 2, ["inspect", "a", "b"], '"b"')
    expect(lab, "a required option missing", 2, ["generate", "--model", "m"], "--prompt")
    expect(lab, "a number that is none", 2, ["generate", "--steps", "1x"], "--steps", "1x", "from 1 to 1000")
    expect(lab, "a number out of range", 2, ["generate", "--cfg=-1"], "--cfg", "from 0 to 100")


def test_devices(lab):
    done = lab.run("devices", "--json")
    cpu = [d for d in json.loads(done.stdout)["devices"] if d["id"] == "cpu"]
    tap.ok(done.returncode == 0 and len(cpu) == 1 and cpu[0]["memory_bytes"] > 0, "devices --json has the CPU", done.stdout)
    expect(lab, "devices", 0, ["devices"], out="cpu")
    parts = {part["part"]: part for part in json.loads(done.stdout)["system"]}
    tap.ok({"card", "memory", "disk"} <= parts.keys() and all(
        part["state"] in ("fine", "attention", "missing") and part["text"] for part in parts.values()),
        "devices --json says how every part of the computer is", done.stdout)
    for device in ("gpu", "cuda:x", "cpu:7"):
        expect(lab, f"--device {device}", 2, ["plan", "job.toml", "--device", device], "lorikeet-cli devices")


def test_stdout(lab):
    with open("/dev/full", "w") as full:
        done = subprocess.run([lab.program, "devices"], stdout=full, stderr=subprocess.PIPE, env=lab.env, text=True)
    tap.ok(done.returncode == 1 and "could not be written" in done.stderr, "a full disk behind stdout is said", done.stderr)


# ---------------------------------------------------------------- plan and train


def test_plan(lab):
    done = lab.run("plan", "job.toml", "--json")
    plan = json.loads(done.stdout)
    keys = {"weights", "adapter", "optimizer", "activations", "workspace", "total"}
    good = keys <= plan["bytes"].keys() and all(isinstance(plan["bytes"][k], int) and plan["bytes"][k] >= 0 for k in keys)
    tap.ok(done.returncode == 0 and good and plan["bytes"]["total"] > 0, "plan --json tells bytes by part", done.stdout)
    tap.ok(plan["device"] == "cpu" and plan["steps"] == 4 and plan["fits"] is True and plan["fixes"] == [],
           "plan --json tells device, steps and that it fits", done.stdout)  # fmt: skip
    larger = json.loads(lab.run("plan", "job.toml", "--json", "--set", "network_dim=8").stdout)
    tap.ok(larger["bytes"]["adapter"] > 1.5 * plan["bytes"]["adapter"], "a larger network_dim takes more")
    tap.ok(not (lab / "out").exists(), "plan writes nothing")
    expect(lab, "plan for people", 0, ["plan", "job.toml"], out="optimizer")


def test_train(lab):
    done = lab.run("train", "job.toml", "--progress", "json")
    told = events(done.stdout)
    kinds = [e["event"] for e in told]
    tap.ok(done.returncode == 0 and done.stderr == "", "train --progress json", done.stderr, done.stdout[-500:])
    tap.ok(kinds.count("start") == 1 and kinds[-1] == "done" and kinds.index("start") < kinds.index("step"),
           "the events are in order", kinds)  # fmt: skip
    steps = [e for e in told if e["event"] == "step"]
    tap.ok([s["step"] for s in steps] == [1, 2, 3, 4] and told[kinds.index("start")]["steps"] == 4, "every step is told")
    numbers = [s[k] for s in steps for k in ("loss", "lr", "grad_norm", "seconds")]
    tap.ok(all(math.isfinite(n) and n > 0 for n in numbers), "with numbers", numbers)
    tap.ok(told[-1]["path"] == str(lab / "out/tiny.safetensors"), "done tells the path", told[-1])
    first = (lab / "out/tiny.safetensors").read_bytes()

    done = lab.run("train", "job.toml", "--progress", "none", "--set", "output_dir=again", "--set", "cache_dir=cache2")
    tap.ok(done.returncode == 0 and done.stdout == str(lab / "again/tiny.safetensors") + "\n" and done.stderr == "",
           "--progress none says only the path", done.stdout, done.stderr)  # fmt: skip
    tap.ok((lab / "again/tiny.safetensors").read_bytes() == first, "two runs give the same bytes")
    done = lab.run("train", "job.toml", "--set", "output_dir=again", "--set", "seed=4")
    tap.ok(done.returncode == 0 and "step 4/4" in done.stderr and done.stdout.count("\n") == 1, "lines where there is no terminal")
    tap.ok((lab / "again/tiny.safetensors").read_bytes() != first, "another seed gives others")
    done = lab.run("train", "job.toml", "--progress", "bar", "--set", "output_dir=again", "--set=max_train_steps=1")
    tap.ok(done.returncode == 0 and "step 1/1 ━" in done.stderr, "--progress bar draws one anywhere", done.stderr)
    tap.ok(tidy(lab), "no temporary file is left")

    metadata, tensors = safetensors(lab / "out/tiny.safetensors")
    tap.ok(len(tensors) == 3 * 204 and metadata["ss_network_dim"] == "4", "the LoRA has kohya's tensors and metadata")
    tap.ok(any(any(floats(t)) for n, t in tensors.items() if n.endswith("lora_up.weight")), "it has learnt something")


def test_train_unread(lab):
    """A reader that goes away does not stop the training."""
    run = lab.start("train", "job.toml", "--progress", "json", "--set", "output_dir=unread")
    run.stdout.readline()
    run.stdout.close()
    run.stderr.read()
    tap.ok(run.wait() == 0 and (lab / "unread/tiny.safetensors").exists(), "training outlives the reader of its progress")


def test_job_errors(lab):
    (lab / "bad.toml").write_text(
        'pretrained_model_name_or_path = "nowhere.safetensors"\nnetwrk_dim = 4\nlearning_rate = -1\n'
        'lr_scheduler = "cosin"\noutput_dir = "out"\ntrain_data_dir = "pictures"\n'
    )
    done = expect(lab, "all problems of a job at once", 2, ["train", "bad.toml"],
                  "line 2: error: netwrk_dim", "network_dim", "line 3: error: learning_rate is -1",
                  "line 4: error: lr_scheduler", "cosin")  # fmt: skip
    tap.ok(done.stdout == "", "and nothing on stdout")
    told = events(lab.run("train", "bad.toml", "--progress", "json").stdout)
    lines = {e["line"]: e for e in told if e["event"] == "problem"}
    tap.ok({2, 3, 4} <= lines.keys() and lines[3]["key"] == "learning_rate" and lines[3]["value"] == "-1",
           "the same as JSON, with key, value and line", told)  # fmt: skip
    plan = json.loads(lab.run("plan", "bad.toml", "--json").stdout)
    tap.ok(plan["ok"] is False and len(plan["problems"]) >= 3, "plan --json has them, too", plan)
    expect(lab, "--set with an unknown key", 2, ["plan", "job.toml", "--set", "netwrk_dim=4"], "network_dim")
    expect(lab, "--set without a value", 2, ["plan", "job.toml", "--set", "network_dim"], "network_dim")
    expect(lab, "--set with a wrong value", 2, ["plan", "job.toml", "--set", "network_dim=many"], "many")
    expect(lab, "no job file", 2, ["train", "nojob.toml"], "nojob.toml")
    (lab / "broken.toml").write_text("network_dim = = 4\n")
    expect(lab, "a job that is no TOML", 2, ["train", "broken.toml"], "broken.toml", "line 1")
    (lab / "raw.toml").write_bytes(b"\xff\xfe\x00")
    expect(lab, "a job that is no text", 2, ["train", "raw.toml"], "raw.toml")
    done = expect(lab, "a key without effect is noted, and training goes on", 0,
                  ["train", "job.toml", "--set", "xformers=true", "--set", "output_dir=noted"], "note: xformers")  # fmt: skip


class Bait:
    """A pickle that leaves a trace when it is opened."""

    def __init__(self, trace):
        self.trace = trace

    def __reduce__(self):
        return os.mkdir, (self.trace,)


def test_base_models(lab):
    import pickle

    def train(name, status, model, *texts):
        expect(lab, name, status, ["train", "job.toml", "--set", f"pretrained_model_name_or_path={model}"], *texts)

    train("no base model", 2, "nowhere.safetensors", "nowhere.safetensors")
    (lab / "bait.ckpt").write_bytes(pickle.dumps(Bait(str(lab / "trace"))))
    train("a pickle as base model", 1, "bait.ckpt", "pickle", "safetensors")
    with zipfile.ZipFile(lab / "bait.pt", "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(Bait(str(lab / "trace"))))
    train("a zipped pickle", 1, "bait.pt", "bait.pt", "no tensors")
    tap.ok(not (lab / "trace").exists(), "neither was run")
    save_as_torch(MODEL, lab / "torch.ckpt", Bait)
    kinds = [json.loads(lab.run("inspect", path, "--json").stdout) for path in (MODEL, "torch.ckpt")]
    tap.ok(kinds[0]["tensors"] == kinds[1]["tensors"] and not (lab / "trace").exists(), "a .ckpt holds the tensors of its .safetensors", kinds)
    train("a LoRA as base model", 1, LORA, "It is a LoRA")
    data = MODEL.read_bytes()
    (lab / "short.safetensors").write_bytes(data[: len(data) // 2])
    train("half a base model", 1, "short.safetensors", "short.safetensors")
    (lab / "empty.safetensors").write_bytes(b"")
    train("an empty base model", 1, "empty.safetensors", "empty.safetensors")
    train("pictures as base model", 1, "pictures", "pictures")
    for words in (["generate", "--model", "bait.ckpt", "--prompt", "x", "--out", "x.png"], ["inspect", "bait.ckpt"]):
        expect(lab, f"{words[0]} with a pickle", 1, words, "pickle")


def test_output(lab):
    (lab / "file").write_text("")
    done = expect(lab, "an output folder that cannot be", 1,
                  ["train", "job.toml", "--progress", "json", "--set", "output_dir=file/below"], "file")  # fmt: skip
    told = events(done.stdout)
    tap.ok([e["event"] for e in told] == ["error"] and told[0]["code"] == "io" and told[0]["message"] and told[0]["exit"] == 1,
           "is noticed before training, as JSON, too", told)  # fmt: skip
    (lab / "taken/tiny.safetensors").mkdir(parents=True)
    expect(lab, "a folder in the LoRA's place", 1, ["train", "job.toml", "--set", "output_dir=taken"], "tiny.safetensors")


# ---------------------------------------------------------------- check


def test_check(lab):
    done = lab.run("check", "pictures", "--json")
    found = json.loads(done.stdout)
    tap.ok(done.returncode == 0 and found["ok"] and found["pictures"] == 5 and found["captioned"] == 5, "check of a good folder", done.stdout)
    job = json.loads(lab.run("check", "job.toml", "--json").stdout)
    sizes = {(b["width"], b["height"]) for b in job["buckets"]}
    tap.ok(job["ok"] and len(sizes) == 3 and (128, 128) in sizes and job["problems"] == [], "check of a job has its buckets", job)
    expect(lab, "check for people", 0, ["check", "job.toml"], out="Buckets")
    few = json.loads(lab.run("check", "pictures", "--json", "--purpose", "character").stdout)["findings"]
    tap.ok(any(f["kind"] == "pictures-few" and "30 to 50" in f["text"] for f in few), "the purpose decides how many are good", few)

    bad = lab / "bad"
    shutil.copytree(lab / "pictures", bad)
    whole = (bad / "p0.png").read_bytes()
    (bad / "p0.png").write_bytes(whole[: len(whole) // 2])
    (bad / "p1.txt").unlink()
    (bad / "p2.txt").write_bytes(b"caf\xe9")
    done = lab.run("check", "bad", "--json")
    found = json.loads(done.stdout)
    kinds = {(os.path.basename(f["path"]), f["kind"]) for f in found["findings"]}
    tap.ok(done.returncode == 1 and not found["ok"] and found["unusable"] == 1, "check of a bad folder", done.stdout)
    fixes = {f["kind"]: f.get("fix") for f in found["findings"]}
    tap.ok(fixes["caption-not-utf8"] == {"kind": "convert-utf8", "argument": "Windows-1252"}, "it knows what to do", fixes)
    tap.ok({("p0.png", "picture-truncated"), ("p1.png", "caption-missing"), ("p2.txt", "caption-not-utf8")} <= kinds, "it names the files", kinds)
    expect(lab, "the same for people", 1, ["check", "bad"], out="p0.png")
    expect(lab, "training refuses it by name", 2, ["train", "job.toml", "--set", "train_data_dir=bad"], "p0.png")
    expect(lab, "check of nothing", 2, ["check", "nowhere"], "nowhere")
    expect(lab, "check of a job without its folder", 2, ["check", "job.toml", "--set", "train_data_dir=nowhere"], "nowhere")
    (lab / "none").mkdir()
    done = expect(lab, "check of an empty folder", 2, ["check", "none", "--json"], "none")
    tap.ok(json.loads(done.stdout)["ok"] is False, "as JSON, too", done.stdout)
    odd = os.path.join(os.fsencode(lab.folder), b"p\xff")
    os.mkdir(odd)
    png(os.path.join(odd, b"\xfe\n.png").decode(errors="surrogateescape"), 64, 64, 1)
    done = lab.run("check", os.fsdecode(odd), "--json")
    tap.ok(done.returncode == 0 and json.loads(done.stdout)["pictures"] == 1, "names that are not UTF-8", done.stdout, done.stderr)


# ---------------------------------------------------------------- inspect and export


def inspect(lab, path, *more):
    done = lab.run("inspect", str(path), "--json", *more)
    return json.loads(done.stdout) if done.returncode == 0 else {"kind": done.stderr}


def test_inspect(lab):
    model = inspect(lab, MODEL)
    arch = json.loads((CASE / "case.json").read_text())["arch"]
    tap.ok(model["kind"] == "base_model" and model["family"] == "sd1" and model["tensors"] == len(safetensors(MODEL)[1]),
           "inspect a base model", model)  # fmt: skip
    tap.ok(model["unet"]["channels"] == arch["channels"] and model["unet"]["context"] == arch["context_dim"]
           and model["vae"]["channels"] == arch["vae_channels"] and model["text_encoder"]["layers"] == 2, "its sizes", model)  # fmt: skip
    lab.run("train", "job.toml", "--progress", "none", "--set", 'trigger_words="sks dog, <b>"', "--set", "output_name=named",
            "--set", "save_state_on_train_end=true")  # fmt: skip
    lora = inspect(lab, "out/named.safetensors")
    facts = {k: lora.get(k) for k in ("kind", "family", "layout", "modules", "dim", "alpha", "base_model_version", "trigger_words")}
    wanted = {"kind": "lora", "family": "sd1", "layout": "kohya", "modules": 204, "dim": 4, "alpha": 2,
              "base_model_version": "sd_v1", "trigger_words": ["sks dog", "<b>"]}  # fmt: skip
    tap.ok(facts == wanted, "inspect a LoRA", facts)
    tap.ok(lora["training"]["learning_rate"] == "0.001" and lora["training"]["steps"] == "4", "its training settings", lora["training"])
    tap.ok(lora["metadata"] == safetensors(lab / "out/named.safetensors")[0], "all of its metadata")
    tap.ok(lora["tags"][0]["count"] == 5, "its most frequent tags", lora["tags"])
    tap.ok(len(inspect(lab, MODEL, "--tensors")["tensor_list"]) == model["tensors"], "--tensors lists them")
    state = inspect(lab, "out/named.state")
    tap.ok(state["kind"] == "training_state" and state["step"] == "4", "inspect a state", state)
    for path in (MODEL, LORA, "out/named.safetensors"):
        expect(lab, f"inspect {os.path.basename(path)} for people", 0, ["inspect", str(path)], out="sd1")
    data = json.dumps({"hello": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}, "__metadata__": {"a": "\x1b[31m\n"}})
    (lab / "other.safetensors").write_bytes(struct.pack("<Q", len(data)) + data.encode() + b"\0\0\0\0")
    tap.ok(inspect(lab, "other.safetensors")["kind"] == "other", "inspect something else")
    tap.ok("\x1b" not in lab.run("inspect", "other.safetensors").stdout, "a file cannot command the terminal")
    expect(lab, "inspect nothing", 1, ["inspect", "nowhere.safetensors"], "nowhere.safetensors")
    expect(lab, "inspect half a file", 1, ["inspect", "short.safetensors"], "short.safetensors")
    broken = lab.run("inspect", "short.safetensors", "--json")
    tap.ok(json.loads(broken.stdout)["code"] == "format", "the error is JSON, too", broken.stdout)


def effect(tensors, down, up, alpha):
    """alpha / dim · up · down of one module."""
    a, b = floats(tensors[down]), floats(tensors[up])
    dim, width = tensors[down][1][:2]
    scale = floats(tensors[alpha])[0] / dim if alpha else 1
    rows = tensors[up][1][0]
    return [scale * sum(b[r * dim + k] * a[k * width + c] for k in range(dim)) for r in range(rows) for c in range(width)]


PLACES = [  # one module in three layouts
    ("lora_te_text_model_encoder_layers_0_mlp_fc1",
     "text_encoder.text_model.encoder.layers.0.mlp.fc1",
     "text_encoders.clip_l.transformer.text_model.encoder.layers.0.mlp.fc1"),
    ("lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k",
     "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k",
     "diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k"),
    ("lora_unet_mid_block_attentions_0_proj_in",
     "unet.mid_block.attentions.0.proj_in",
     "diffusion_model.middle_block.1.proj_in"),
]  # fmt: skip


def effects(path, column):
    tensors = safetensors(path)[1]
    down, up = (".lora_down.weight", ".lora_up.weight") if column == 0 else (".lora_A.weight", ".lora_B.weight")
    return [effect(tensors, p[column] + down, p[column] + up, p[0] + ".alpha" if column == 0 else None) for p in PLACES]


def close(left, right, tolerance):
    return all(abs(a - b) <= tolerance * max(map(abs, x)) for x, y in zip(left, right) for a, b in zip(x, y))


def test_export(lab):
    source = effects(LORA, 0)
    tolerances = {"fp32": 1e-6, "fp16": 2e-3, "bf16": 2e-2}
    for column, layout in enumerate(("kohya", "diffusers", "comfy")):
        for precision, dtype in (("fp32", "F32"), ("fp16", "F16"), ("bf16", "BF16")):
            out = f"{layout}-{precision}.safetensors"
            done = lab.run("export", str(LORA), "--layout", layout, "--precision", precision, "--format", "safetensors", "--out", out)
            good = done.returncode == 0 and close(effects(lab / out, column), source, tolerances[precision])
            types = {t[0] for n, t in safetensors(lab / out)[1].items() if not n.endswith(".alpha")} if good else set()
            tap.ok(good and types == {dtype}, f"export as {layout} in {precision} does the same", done.stderr, types)
    for layout in ("diffusers", "comfy"):
        done = lab.run("export", f"{layout}-fp32.safetensors", "--layout=kohya", "--precision=fp32", "--out=back.safetensors")
        tap.ok(done.returncode == 0 and close(effects(lab / "back.safetensors", 0), source, 1e-6), f"and back from {layout}", done.stderr)
    kept = safetensors(lab / "kohya-fp16.safetensors")[0]
    tap.ok(kept["ss_network_dim"] == "4" and kept["ss_base_model_version"] == "sd_v1", "metadata is kept", kept)

    done = lab.run("export", str(LORA), "--format", "pt", "--layout", "kohya", "--precision", "fp16", "--out", "lora.pt")
    with zipfile.ZipFile(lab / "lora.pt") as archive:
        tap.ok(done.returncode == 0 and archive.testzip() is None, "export as .pt is a sound archive")
        code = archive.read(next(n for n in archive.namelist() if n.endswith("data.pkl")))
    names = {arg for op, arg, _ in pickletools.genops(code) if op.name == "GLOBAL"}
    allowed = {"collections OrderedDict", "torch._utils _rebuild_tensor_v2", "torch HalfStorage", "torch FloatStorage"}
    tap.ok(names and names <= allowed, "whose pickle only makes tensors", names)

    expect(lab, "export of a base model", 1, ["export", str(MODEL), "--out", "x.safetensors"], "no part of a LoRA")
    expect(lab, "export of nothing", 1, ["export", "nowhere.safetensors", "--out", "x.safetensors"], "nowhere")
    expect(lab, "export to nowhere", 1, ["export", str(LORA), "--out", "no/where/x.safetensors"], "no/where")
    expect(lab, "export to a folder", 1, ["export", str(LORA), "--out", "pictures"], "pictures")
    expect(lab, "export without --out", 2, ["export", str(LORA)], "--out")
    expect(lab, "export in a layout of nobody", 2, ["export", str(LORA), "--layout", "kohay", "--out", "x"], "kohya")
    tap.ok(not (lab / "x.safetensors").exists() and tidy(lab), "failures write nothing")


# ---------------------------------------------------------------- generate


def read_png(path):
    """(width, height, pixels' bytes unfiltered as stored, {text key: value})"""
    data, at, texts, body, size = path.read_bytes(), 8, {}, b"", None
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        content = data[at + 8 : at + 8 + length]
        if struct.unpack(">I", data[at + 8 + length : at + 12 + length])[0] != zlib.crc32(kind + content):
            return None
        if kind == b"IHDR":
            size = struct.unpack(">II", content[:8])
        elif kind == b"IDAT":
            body += content
        elif kind == b"tEXt":
            key, value = content.split(b"\0", 1)
            texts[key.decode()] = value.decode("latin-1")
        elif kind == b"iTXt":
            key, rest = content.split(b"\0", 1)
            texts[key.decode()] = rest[2:].split(b"\0", 2)[2].decode()
        at += 12 + length
    return *size, zlib.decompress(body), texts


def generate(lab, out, prompt="a dog", *more):
    done = lab.run("generate", "--model", str(MODEL), "--prompt", prompt, "--width", "128", "--height", "64",
                   "--steps", "2", "--out", out, *more)  # fmt: skip
    return read_png(lab / out) if done.returncode == 0 else tap.ok(False, f"generate {out}", done.stderr) and None


def test_generate(lab):
    first = generate(lab, "a.png", "a dog, ünï", "--negative", "bad", "--seed", "5", "--cfg", "6.5", "--sampler", "ddim")
    tap.ok(first and first[:2] == (128, 64), "generate makes a PNG of the size")
    text = first[3]["parameters"] if first else ""
    wanted = ["a dog, ünï\nNegative prompt: bad\n", "Steps: 2", "Sampler: DDIM", "CFG scale: 6.5", "Seed: 5", "Size: 128x64", "Model: model"]
    tap.ok(all(w in text for w in wanted), "with WebUI's parameters", text)
    again = generate(lab, "b.png", "a dog, ünï", "--negative", "bad", "--seed", "5", "--cfg", "6.5", "--sampler", "ddim")
    tap.ok(first and again and (lab / "a.png").read_bytes() == (lab / "b.png").read_bytes(), "the same again gives the same bytes")

    shutil.copy(LORA, lab / "one.safetensors")
    os.makedirs(lab / "more", exist_ok=True)
    shutil.copy(LORA, lab / "more/two.safetensors")
    plain, other = generate(lab, "c.png"), generate(lab, "d.png", "a dog", "--seed", "6")
    tap.ok(plain and other and plain[2] != other[2], "another seed gives another picture")
    own = generate(lab, "own.png", "a dog", "--vae", str(MODEL))
    tap.ok(own and own[2] == plain[2], "the base model's own VAE, named, changes nothing")
    with_one = generate(lab, "e.png", "a dog<lora:one>")
    full = generate(lab, "f.png", "a dog<lora:one:1.0>")
    none = generate(lab, "g.png", "a dog<lora:one:0>")
    tap.ok(with_one and with_one[2] != plain[2] and with_one[2] == full[2], "a LoRA has an effect, of weight 1 if not said")
    tap.ok(none and none[2] == plain[2], "of weight 0 it has none")
    tap.ok(with_one and "<lora:one>" in with_one[3]["parameters"], "its tag stays in the parameters")
    shutil.copy(LORA, lab / "more/one.safetensors")
    halves = generate(lab, "h.png", "a dog<lora:one:0.5><lora:two:0.5>", "--lora-dir", "more")
    apart = max(abs(a - b) for a, b in zip(halves[2], full[2])) if halves else 255
    tap.ok(halves and halves[2] != plain[2] and differ(halves[2], full[2]) < differ(plain[2], full[2]) / 4,
           "two LoRAs of half the weight are about one", apart)  # fmt: skip

    base = ["generate", "--model", str(MODEL), "--width=128", "--height=64", "--steps=1"]
    expect(lab, "a LoRA that is not there", 2, [*base, "--prompt", "<lora:oen>", "--out=x.png"], "oen", '"one"')
    expect(lab, "a VAE that is not there", 1, [*base, "--prompt=a", "--vae=nowhere", "--out=x.png"], "nowhere")
    expect(lab, "a LoRA for a VAE", 1, [*base, "--prompt=a", f"--vae={LORA}", "--out=x.png"], "does not fit the base model")
    (lab / "more/inner").mkdir()
    out_of_it = [*base, "--prompt", "<lora:../one>", "--lora-dir", "more/inner", "--out=x.png"]
    shutil.copy(LORA, lab / "more/one.safetensors")
    expect(lab, "a LoRA's name that leads out of the folder", 2, out_of_it, "../one")
    os.unlink(lab / "more/one.safetensors")
    expect(lab, "no folder of LoRAs", 1, [*base, "--prompt", "<lora:one>", "--lora-dir=nowhere", "--out=x.png"], "--lora-dir")
    expect(lab, "a base model as LoRA", 1, [*base, "--prompt", "<lora:model>", "--lora-dir", str(CASE), "--out=x.png"], "model.safetensors")
    expect(lab, "a wrong weight", 2, [*base, "--prompt", "<lora:one:x>", "--out=x.png"], "<lora:one:x>")
    expect(lab, "an unknown sampler", 2, [*base, "--prompt=a", "--sampler=magic", "--out=x.png"], "magic", "euler_a")
    expect(lab, "a size between", 2, [*base, "--prompt=a", "--width=100", "--out=x.png"], "multiples of 64")
    expect(lab, "a name that is no PNG", 2, [*base, "--prompt=a", "--out=x.jpg"], ".png")
    expect(lab, "no folder to write to", 1, [*base, "--prompt=a", "--out=no/x.png"], "no/x.png")
    expect(lab, "no model", 1, ["generate", "--model=nowhere", "--prompt=a", "--out=x.png"], "nowhere")
    expect(lab, "a LoRA as model", 1, ["generate", "--model", str(LORA), "--prompt=a", "--out=x.png"], "It is a LoRA")
    expect(lab, "a picture larger than memory", 1, [*base[:3], "--prompt=a", "--width=16384", "--height=16384", "--device=cpu@1%", "--out=x.png"], "memory")
    tap.ok(not (lab / "x.png").exists() and tidy(lab), "failures write nothing")


def differ(left, right):
    return sum(abs(a - b) for a, b in zip(left, right))


def main():
    lab = Lab(sys.argv[1])
    try:
        pictures(lab / "pictures")
        write_job(lab / "job.toml")
        for test in (test_usage, test_devices, test_stdout, test_plan, test_train, test_train_unread, test_job_errors, test_base_models,
                     test_output, test_check, test_inspect, test_export, test_generate):  # fmt: skip
            test(lab)
    finally:
        lab.close()
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
