#!/usr/bin/env python3
"""Captions, names, folders, jobs and model files that are meant to break things: each gets an answer in words, nothing
crashes, and nothing is written outside the folders of the job. Usage: test_hostile.py PROGRAM [FILES]"""

import json
import os
import random
import struct
import sys
import zlib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cli"))
from lab import LORA, MODEL, Lab, Tap, events, png, write_job  # noqa: E402

tap = Tap()
answers, right = 0, 0


def answered(good, name, *notes):
    """Counts one input and its answer; tells only what went wrong."""
    global answers, right
    answers += 1
    right += bool(good)
    if not good:
        tap.ok(False, name, *notes)


def run(lab, *words, **more):
    return lab.run(*words, timeout=600, **more)


def ended(done):
    """By itself, and with words where it failed."""
    return done.returncode in (0, 1, 2, 3) and (done.returncode == 0 or bool(done.stderr.strip() or done.stdout.strip()))


# ---- captions

LONG = ("a very long caption, " * 600000)[: 10 * 1024 * 1024]
CAPTIONS = {
    "10-mib": LONG.encode(),
    "10-mib-one-word": b"x" * (10 * 1024 * 1024),
    "nul": b"a dog\0 with a NUL\0",
    "only-nul": b"\0\0\0\0",
    "bidi": "a \u202edog\u202c \u2066and\u2069 \u200f\u200e \u061c".encode(),
    "lone-surrogate": b"a \xed\xa0\x80 dog \xed\xbf\xbf",
    "latin-1": "ein Mädchen, größer".encode("latin-1"),
    "utf-16": "a dog".encode("utf-16"),
    "utf-32": "a dog".encode("utf-32"),
    "bom": b"\xef\xbb\xbfa dog",
    "only-bom": b"\xef\xbb\xbf",
    "overlong": b"a \xc0\xaf\xe0\x80\xaf dog",
    "too-high": b"a \xf4\x90\x80\x80 dog",
    "cut": "a dög".encode()[:-2],
    "empty": b"",
    "spaces": b" \t\r\n \x0b\x0c ",
    "commas": b", , ,,, ,",
    "crlf": b"a dog\r\nand a cat\r\n",
    "controls": bytes(range(1, 32)) + b" a dog \x7f\x80",
    "escape": b"\x1b[2J\x1b]0;title\x07 a dog",
    "percent": b"%s %n %d %100000d {0} ${HOME} $(id) `id`",
    "path": b"../../../../etc/passwd",
    "markup": b"<b>dog</b> &amp; &lt; </span><script>",
    "weights": b"((((((((((dog:1.5):9):-3)))" * 100,
    "open": b"(" * 5000 + b"dog",
    "combining": ("a" + "\u0301" * 20000).encode(),
    "emoji": "👩‍👩‍👧‍👦🏳️‍🌈".encode() * 500,
    "noncharacters": "\ufffe\uffff\U0010ffff a dog".encode(),
    "many-tags": ", ".join(f"tag{i}" for i in range(100000)).encode(),
    "quotes": b"\"'\\\"\\\\ a dog\n\"",
}


def test_captions(lab):
    folder = lab / "captions"
    folder.mkdir()
    for number, (name, text) in enumerate(CAPTIONS.items()):
        png(folder / f"{name}.png", 128, 96, number)
        (folder / f"{name}.txt").write_bytes(text)
    done = run(lab, "check", "captions", "--json")
    found = json.loads(done.stdout) if done.returncode in (0, 1) else {}
    texts = json.dumps(found, ensure_ascii=False)
    for name in ("nul", "lone-surrogate", "latin-1", "utf-16", "overlong", "too-high", "cut", "empty", "only-bom", "spaces"):
        answered(f"{name}.txt" in texts or f"{name}.png" in texts, f"the check names the caption '{name}'", done.stderr)
    answered(found.get("pictures") == len(CAPTIONS), "all pictures with strange captions are there", done.stderr)
    write_job(lab / "captions.toml", train_data_dir="captions", output_dir="out-captions", max_train_steps=len(CAPTIONS) // 2,
              shuffle_caption=True, keep_tokens=1, max_token_length=225, resolution="128,96", network_train_unet_only=True)  # fmt: skip
    done = run(lab, "train", "captions.toml", "--progress", "json")
    answered(done.returncode == 0 and (lab / "out-captions/tiny.safetensors").exists(), "they are never fatal: the folder is trained",
             done.stderr)  # fmt: skip
    for name, text in CAPTIONS.items():
        answered((folder / f"{name}.txt").read_bytes() == text, f"the caption '{name}' is as it was")


# ---- names and folders

NAMES = ["日本語の名前", "русское имя", "Ελληνικά", "العربية", "עברית", "हिन्दी", "ไทย", "한국어", "中文，标点。", "Ünïcödé", "e\u0301 decomposed",
         "emoji 🐕‍🦺", "spaces  in  it ", " leading", "quote'\"quote", "back\\slash", "new\nline", "tab\there", "percent%20%s%n",
         "dollar$HOME", "semi;colon&and|pipe", "-dash", "--set", "star*?[x]", "\u202egnp.exe", "a" * 200, "dots...", "#hash", "~tilde",
         "bell\x07", "zero\u200bwidth", "(bracket)"]  # fmt: skip
RAW = [b"latin-\xe4\xf6", b"\xff\xfe", b"cut-\xe3\x81", b"surrogate-\xed\xa0\x80", b"\x80"]


def test_names(lab):
    folder = lab / "names"
    folder.mkdir()
    paths = [os.fsencode(name) for name in NAMES] + RAW
    for number, name in enumerate(paths):
        path = os.fsdecode(os.fsencode(folder) + b"/" + name)
        png(path + ".png", 128, 96, number)
        Path(path + ".txt").write_text("a dog\n")
    done = run(lab, "check", "names", "--json")
    try:
        found = json.loads(done.stdout.encode("utf-8"))
    except ValueError as problem:
        found = {"problem": str(problem)}
    answered(found.get("pictures") == len(paths) and found.get("unusable", 0) == 0, "pictures with names in every script are found",
             found if len(str(found)) < 500 else "", done.stderr)  # fmt: skip
    write_job(lab / "names.toml", train_data_dir="names", output_dir="out-names", output_name="имя 名前", max_train_steps=len(paths) // 2,
              resolution="128,96", network_train_unet_only=True)  # fmt: skip
    done = run(lab, "train", "names.toml", "--progress", "json")
    answered(done.returncode == 0 and (lab / "out-names/имя 名前.safetensors").exists(), "and trained", done.stderr)
    for number, name in enumerate(paths):
        alone = lab / f"named{number}"
        inner = os.fsencode(alone) + b"/" + name
        os.makedirs(inner)
        png(os.fsdecode(inner + b"/a.png"), 128, 96, number)
        done = run(lab, "check", inner.decode("utf-8", "surrogateescape"), "--json") if not name.startswith(b"-") else None
        answered(done is None or (done.returncode == 0 and '"pictures":1' in done.stdout), f"a folder named {name!r}", done and done.stderr)


def test_folders(lab):
    deep = lab / "deep"
    path = deep
    for _ in range(180):
        path = path / "folder"
    os.makedirs(path)
    png(path / "far.png", 128, 96, 1)
    png(deep / "near.png", 128, 96, 2)
    done = run(lab, "check", "deep", "--json")
    answered(ended(done) and '"pictures"' in done.stdout, "folders 180 deep", done.stderr)
    loop = lab / "loop"
    loop.mkdir()
    png(loop / "a.png", 128, 96, 1)
    for name, target in (("self", "."), ("up", ".."), ("a-b", "b-a"), ("b-a", "a-b"), ("me.png", "me.png"), ("dead.png", "nowhere.png"), ("root", "/")):
        os.symlink(target, loop / name)
    for recursive in (False, True):
        (lab / "loop.toml").write_text(
            f'[[datasets]]\n[[datasets.subsets]]\nimage_dir = "{loop}"\nrecursive = {str(recursive).lower()}\n')
        write_job(lab / "loops.toml", train_data_dir=None, dataset_config="loop.toml", output_dir="out-loop", max_train_steps=1)
        done = run(lab, "check", "loops.toml", "--json") if not recursive else None
        answered(done is None or (ended(done) and '"pictures"' in done.stdout), "links that go in circles", done and done.stderr)
    os.unlink(loop / "root")
    os.unlink(loop / "up")
    done = run(lab, "check", "loops.toml", "--json")
    answered(ended(done) and '"pictures"' in done.stdout, "links that go in circles, all folders below", done.stderr)
    os.mkfifo(loop / "pipe.png")
    os.mkfifo(loop / "a.txt")
    done = lab.run("check", "loop", "--json", timeout=60)
    answered(ended(done), "named pipes as picture and caption are not waited for", done.stderr)
    for odd in ("/dev/null", "/proc/self/mem", "/dev/zero", "nowhere", "loop/a.png", ""):
        done = lab.run("check", odd, timeout=60)
        answered(done.returncode in (1, 2) and done.stderr.strip(), f"check {odd!r}", done.returncode, done.stderr)


def test_many(lab, count):
    folder = lab / "many"
    folder.mkdir()
    png(lab / "one.png", 64, 64, 1)
    data = (lab / "one.png").read_bytes()
    end = data.index(b"IEND") - 4
    for i in range(count):  # a text in each makes the files differ
        text = b"k\0%d" % i
        chunk = struct.pack(">I", len(text)) + b"tEXt" + text
        chunk += struct.pack(">I", zlib.crc32(b"tEXt" + text))
        (folder / f"{i:06}.png").write_bytes(data[:end] + chunk + data[end:])
    done = run(lab, "check", "many", "--json")
    found = json.loads(done.stdout) if done.stdout.startswith("{") else {}
    answered(found.get("pictures") == count, f"a folder of {count} pictures is checked", done.returncode, done.stderr[:500])


# ---- jobs

def listing(folder):
    return sorted(str(p.relative_to(folder)) for p in Path(folder).rglob("*"))


def test_escapes(lab):
    """Names that lead out of the output folder are refused before anything is written."""
    inner = lab / "prison/inner"
    inner.mkdir(parents=True)
    (lab / "prison/victim.safetensors").write_bytes(b"precious")
    before = listing(lab / "prison")
    names = ["../victim", "..", ".", "../../victim", "/tmp/victim", "a/../../victim", "a/b", "..\\victim", "a\\b", ".hidden",
             "x" * 300, "nul\\u0000byte", "../victim.safetensors", "./victim", "a/", "/", "//", "~/victim"]  # fmt: skip
    for name in names:
        job = write_job(inner / "job.toml", output_name="NAME", output_dir="out", train_data_dir=str(lab / "pictures"), max_train_steps=1,
                        cache_dir=str(lab / "cache"))  # fmt: skip
        job.write_text(job.read_text().replace('"NAME"', f'"{name}"'))
        done = lab.run("train", str(job))
        written = [p for p in listing(lab / "prison") if p not in before and p not in ("inner/job.toml", "inner/out")]
        answered(done.returncode == 2 and done.stderr.strip() and not written
                 and (lab / "prison/victim.safetensors").read_bytes() == b"precious", f"output_name {name!r} is refused",
                 done.returncode, done.stderr, written)  # fmt: skip
    (inner / "job.toml").unlink()
    # The same in a file's metadata, which says where it came from.
    evil = lab / "evil.safetensors"
    data = LORA.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + size])
    header["__metadata__"] = {"ss_output_name": "../../victim", "ss_training_comment": "../../../etc/passwd", "modelspec.title": "\x1b[2J<b>&",
                              "ss_datasets": '{"a":' * 2000, "ss_tag_frequency": "[" * 5000, "lorikeet.job": "output_dir = \"/etc\""}  # fmt: skip
    text = json.dumps(header).encode()
    evil.write_bytes(struct.pack("<Q", len(text)) + text + data[8 + size :])
    done = lab.run("inspect", str(evil), "--json")
    answered(done.returncode == 0, "paths and nonsense in a file's metadata are only text", done.stderr)
    done = lab.run("inspect", str(evil))
    answered(done.returncode == 0 and "\x1b" not in done.stdout, "and reach no terminal raw", done.stderr)


BROKEN = ["", "=", "a", "[", "[[", "]", "a=", "a=[", "a={", '"', "'''", "a='''x", 'a="\\u12"', "a=1 b=2", "a=1\na=2", "[a]\n[a]", "\0", "\xff", "[a.b.c]",
          "a.b.c=1", "a=1e99999", "a=99999999999999999999", "a=-", "a=0x", "a=+inf", "a=nan", "a=1979-99-99", "a=[1,'x'", "# only", "\ufeff", "a=\"\x01\"",
          "[" * 5000, "a=" + "[" * 5000, "a=" + "{b=" * 2000, "a" * 100000 + "=1", "a=\"" + "x" * 1000000, "\n" * 100000, "a='\r'", "=1", "a==1",
          "\"\"=1", "a=true false", "a=TRUE", "a=[,]", "a={,}", "a=1,", "a='b' 'c'", "[a]]", "[[a]", "a=_1", "a=1__0", "a=0777", "a=1.", "a=.1", "a=1.e1"]  # fmt: skip
VALUES = ["true", "-1", "0", "1e400", "nan", "inf", '""', '"\\u0000"', "[]", "{}", '"../.."', "99999999999999999", '"%s%n"', "[[1]]", "1979-05-27"]
KEYS = ["network_dim", "network_alpha", "learning_rate", "max_train_steps", "train_batch_size", "resolution", "seed", "sample_prompts", "clip_skip",
        "pretrained_model_name_or_path"]  # fmt: skip


def test_jobs(lab):
    texts = BROKEN + [f"{key} = {value}" for key in KEYS for value in VALUES]
    good = write_job(lab / "good.toml", max_train_steps=1).read_text()
    for number, text in enumerate(texts):
        path = lab / "broken.toml"
        key = text.split(" = ")[0]
        kept = "".join(line + "\n" for line in good.splitlines() if not line.startswith(key + " =")) if key in KEYS else ""
        path.write_bytes((kept + text).encode("utf-8", "surrogateescape"))
        done = lab.run("plan", str(path), timeout=60)
        answered(ended(done) and (done.returncode == 2 or key in KEYS), f"job {number}: {text[:40]!r}", done.returncode, done.stderr[:300])


# ---- model files

def damaged(data, pick, number):
    """One kind of damage after the other."""
    data = bytearray(data)
    size = struct.unpack("<Q", data[:8])[0]
    kind = number % 10
    if kind == 0:
        return data[: pick.randrange(len(data))]
    if kind == 1:
        return struct.pack("<Q", pick.choice((0, 1, size - 1, size + 1, len(data), 2**31, 2**63, 2**64 - 1))) + data[8:]
    header = data[8 : 8 + size].decode()
    if kind == 2:
        at = pick.randrange(8, 8 + size)
        data[at] = pick.randrange(256)
        return data
    if kind in (3, 4, 5, 6):
        table = json.loads(header)
        name = pick.choice([n for n in table if n != "__metadata__"])
        entry = table[name]
        if kind == 3:
            entry["data_offsets"] = pick.choice(([0, 2**63], [-1, 5], [10, 5], [2**40, 2**40 + 4], [0, 0], ["0", "4"], [1], None))
        elif kind == 4:
            entry["shape"] = pick.choice(([2**62, 4], [-1], [0], ["x"], [1.5], [2**31] * 8, [], None))
        elif kind == 5:
            entry["dtype"] = pick.choice(("F33", "", "I64", None, 5, "BOOL", "F8_E5M2"))
        else:
            table[pick.choice(("", "../../x", "\u0000", "a" * 5000))] = entry
            if pick.random() < 0.5:
                del table[name]
        text = json.dumps(table).encode()
        return struct.pack("<Q", len(text)) + text + data[8 + size :]
    if kind == 7:
        return data[:8] + pick.choice((b"{" * size, b"[]" + b" " * (size - 2), b"\xff" * size, b'{"a":' + b" " * (size - 5))) + data[8 + size :]
    if kind == 8:
        return pick.choice((b"", b"\x80\x02}q\0.", b"PK\3\4" + bytes(100), b"<!DOCTYPE html>", b"GGUF" + bytes(64), bytes(8), bytes(100)))
    return bytes(data) + bytes(pick.randrange(1, 100))


def test_models(lab):
    pick = random.Random(11)
    for number in range(100):
        source = MODEL if number % 2 else LORA
        path = lab / "damaged.safetensors"
        path.write_bytes(damaged(source.read_bytes(), pick, number // 2 if number % 2 else number))
        done = lab.run("inspect", str(path), timeout=60)
        answered(ended(done) and (done.returncode == 0 or "damaged.safetensors" in done.stderr), f"damaged file {number}", done.returncode,
                 done.stderr[:300])  # fmt: skip
        if number % 10 == 1:
            done = lab.run("plan", "good.toml", "--set", f"pretrained_model_name_or_path={path}", timeout=60)
            answered(ended(done), f"damaged base model {number}", done.returncode, done.stderr[:300])


def main():
    lab = Lab(sys.argv[1])
    count = int(sys.argv[2] if len(sys.argv) > 2 else os.environ.get("LORIKEET_FILES", "5000"))
    lab.env["OMP_NUM_THREADS"] = "1"
    try:
        (lab / "pictures").mkdir()
        png(lab / "pictures/a.png", 128, 96, 1)
        for test in (test_captions, test_names, test_folders, test_escapes, test_jobs, test_models):
            before = answers, right
            test(lab)
            tap.ok(answers - before[0] == right - before[1], f"{test.__name__[5:]}: {right - before[1]} of {answers - before[0]} answered rightly")
        before = answers, right
        test_many(lab, count)
        tap.ok(answers - before[0] == right - before[1], f"a folder with {count} pictures")
    finally:
        lab.close()
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
