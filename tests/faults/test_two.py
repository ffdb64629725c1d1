#!/usr/bin/env python3
"""Two programs at once: on one run, in one folder, with one cache. Usage: test_two.py PROGRAM"""

import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cli"))
from lab import LORA, Lab, Tap, events, pictures, write_job  # noqa: E402

tap = Tap()


def job(lab, name, **changes):
    return write_job(lab / f"{name}.toml", **{"output_dir": name, "max_train_steps": 20, "save_every_n_steps": 5,
                     "save_state_every_n_steps": 3, "resolution": "128,64", "max_bucket_reso": 128, **changes})  # fmt: skip


def results(folder):
    return {p.name: p.read_bytes() for p in Path(folder).iterdir() if p.is_file()}


def until_step(run, step):
    for line in run.stdout:
        if f'"event":"step","step":{step},' in line:
            return True
    return False


def test_same_run(lab, whole):
    """The second is told so and touches nothing; the first does not notice."""
    job(lab, "same", max_train_steps=20)
    first = lab.start("train", "same.toml", "--progress", "json")
    until_step(first, 1)
    first.send_signal(signal.SIGSTOP)  # so that it is surely at work while the others try
    for words in ((), ("--resume",)):
        done = lab.run("train", "same.toml", *words)
        tap.ok(done.returncode == 2 and "Another run is writing 'tiny'" in done.stderr,
               f"a second run of the same {' '.join(words)}: {done.stderr.strip()[-150:]}", done.returncode)  # fmt: skip
    for words in (("plan", "same.toml"), ("check", "same.toml"), ("inspect", str(LORA)), ("devices",)):
        done = lab.run(*words)
        tap.ok(done.returncode == 0, f"{words[0]} may be asked meanwhile", done.stderr)
    first.send_signal(signal.SIGCONT)
    _, errors = first.communicate(timeout=300)
    tap.ok(first.returncode == 0 and results(lab / "same") == whole, "the first ends as if it had been alone", errors)


def test_killed(lab, whole):
    """Who is killed leaves no lock."""
    job(lab, "killed")
    first = lab.start("train", "killed.toml", "--progress", "json")
    until_step(first, 5)
    first.kill()
    first.communicate()
    done = lab.run("train", "killed.toml", "--resume", "--progress", "json")
    begun = next((e["step"] for e in events(done.stdout) if e["event"] == "start"), None)
    tap.ok(done.returncode == 0 and begun and results(lab / "killed") == whole, f"after a kill it goes on after step {begun}", done.stderr)


def test_side_by_side(lab, whole):
    """Other names in one folder, with one cold cache that all fill at the same moment."""
    runs = []
    for number in range(3):
        job(lab, f"side{number}", output_dir="side", output_name=f"tiny{number}", cache_dir="cold")
        runs.append(lab.start("train", f"side{number}.toml", "--progress", "json"))
    ended = [(run.communicate(timeout=300), run.returncode) for run in runs]
    tap.ok(all(code == 0 for _, code in ended), "three runs side by side end", *[e[0][1] for e in ended])
    files = results(lab / "side")
    alone = []
    for number in range(3):
        job(lab, f"alone{number}", output_dir=f"alone{number}", output_name=f"tiny{number}")
        lab.run("train", f"alone{number}.toml")
        alone += results(lab / f"alone{number}").items()
    tap.ok(files == dict(alone), "with the bytes of each run alone", sorted(files))


def main():
    lab = Lab(sys.argv[1])
    lab.env["OMP_NUM_THREADS"] = "1"
    try:
        pictures(lab / "pictures")
        job(lab, "whole")
        done = lab.run("train", "whole.toml")
        whole = results(lab / "whole")
        tap.ok(done.returncode == 0 and len(whole) == 5, f"a run alone: {sorted(whole)}", done.stderr)
        test_same_run(lab, whole)
        test_killed(lab, whole)
        test_side_by_side(lab, whole)
    finally:
        lab.close()
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
