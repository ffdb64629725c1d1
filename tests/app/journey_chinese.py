"""In Chinese nothing on any page or dialog is English, and every control has a name: a tour through all of them.

What may be Latin: names of files, keys, models and formats, what a person wrote (captions, prompts), and a list of words
that are said so in Chinese as well.
"""

import os
import re
import sys
import tempfile
from pathlib import Path

import tour
from driver import CONTROLS, Atspi, GLib, Journey, children

program, model, pictures, seed_story, lora = map(os.path.realpath, sys.argv[1:6])
build = Path(program).parents[2]

# Words of the trade and proper names, which Chinese texts keep.
WORDS = set("""
a LoRA LoRAs LyCORIS DoRA LoCon LoHa LoKr lora Lorikeet NVIDIA CUDA cuDNN GPU CPU VRAM GTK SDXL SD XL WebUI ComfyUI Forge Stable
Diffusion kohya kohya_ss sd-scripts safetensors AMD EPYC Intel Xeon Core AdamW AdamW8bit Prodigy Euler CFG DPM DDIM PNG JPEG
TOML JSON Ctrl Alt Shift F1 F2 F9 Home Return Delete Enter Esc Escape Tab Up Down Left Right English U-Net VAE CLIP SNR Min-SNR
bf16 fp16 fp32 float float32 float16 bfloat16 MiB GiB GB MB kB TiB TB KB Hugging Face Diffusers diffusers A1111 Debian Linux Clip Skip
""".split())
QUOTED = re.compile(r"“[^”]*”|「[^」]*」|'[^']*'|<[^>]*>|\([A-Z]\)|（[A-Z]）")
PATH = re.compile(r"\S*/\S*|\S+\.(?:png|txt|safetensors|toml|json|csv|db)\b|\S*_\S*|--?\w+|\w+:\S+|\d\S*")
LATIN = re.compile(r"[A-Za-z][A-Za-z0-9'’-]*")


def english(text):
    """The words of a text that should have been Chinese: two in a row, or one that is all there is."""
    rest = PATH.sub(" · ", QUOTED.sub(" · ", text))
    kept = LATIN.sub(lambda word: " · " if word[0] in WORDS else word[0], rest)
    two = re.findall(LATIN.pattern + r"(?:[ ,]+" + LATIN.pattern + ")+", kept)
    alone = LATIN.findall(kept) if not re.search(r"[\u4e00-\u9fff]", text) else []
    return two or [word for word in alone if len(word) > 2]


# The examples of the filter's help, and words of the toolkit and of GLib that their own translations lack.
WRITTEN = re.compile(r"^-?tag:branch$|^0 bytes / |red flower|^Close( the window)?$|lorimascot|rlk_bird|My Bird|AMD|Intel|Processor|^base$|network_|^[a-z0-9_]+$|Euler|DPM|UniPC|LMS|Heun|DDIM")
found, unnamed = {}, set()


def look(node, stop, trail=(), written=False):
    """Every text on the screen, but for what people write: captions, prompts, names of projects."""
    states, role = node.get_state_set(), node.get_role_name()
    if trail and not states.contains(Atspi.StateType.SHOWING):
        return
    name, written = node.get_name() or "", written or states.contains(Atspi.StateType.EDITABLE)
    trail = (f"{role} {name!r}", *trail[:4])
    if role in CONTROLS and states.contains(Atspi.StateType.FOCUSABLE) and not name.strip():
        unnamed.add(f"{stop}: {' < '.join(trail)}")
    for text in () if written else (name, node.get_description()):
        if text and text not in found and not WRITTEN.search(text) and english(text):
            found[text] = f"{stop}: {role} {text!r}: {' '.join(english(text))}"
    for child in children(node):
        try:
            look(child, stop, trail, written)
        except GLib.Error:
            continue  # it has gone meanwhile


j = Journey()
text = "训练 LoRA 的 learning_rate，用 Stable Diffusion WebUI 打开 model.safetensors（1.5 GB）"
j.step("Chinese with names in it is taken as Chinese", lambda: not english(text))
j.step("English is found, alone and within Chinese", lambda: english("Cancel") == ["Cancel"] and english("已完成 of the steps"))
# The other Chinese by LORIKEET_LANGUAGE=zh_TW, in a locale that is surely there.
language = os.environ.get("LORIKEET_LANGUAGE", "zh_CN")
t = tour.translation(build, language)
environment = {"LANG": "zh_CN.UTF-8", "LC_ALL": "zh_CN.UTF-8", "LANGUAGE": language}


def go(name, story):
    with tempfile.TemporaryDirectory(prefix="lorikeet-chinese-") as home:
        app = tour.start(home, program, models=[tour.DEMO / "base.safetensors"], env=environment,
                         story=(seed_story, lora) if story else None)
        j.apps.append(app)

        way = tour.Tour(app, t, lambda stop: (print(f"# {stop}", flush=True), look(app.node, stop)))
        (way.story if story else way.fresh)()
        if way.problems:
            raise AssertionError("\n".join(way.problems))
        app.kill()


j.step("every page of a new home can be reached", lambda: go("fresh", False))
j.step("every page of a project in the middle of its life can be reached", lambda: go("story", True))


def told(lines):
    for line in sorted(lines):
        print("# " + line)
    return not lines


j.step("nothing of it is English", lambda: told(found.values()))
j.step("every control of it has a name", lambda: told(unnamed))
j.done()
