#!/usr/bin/env python3
"""A long run takes no more memory and no more open files at its end than at its beginning. Usage: test_long.py PROGRAM
[STEPS]"""

import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cli"))
from lab import Lab, Tap, pictures, write_job  # noqa: E402

tap = Tap()


def look_at(pid):
    """(resident KiB, open files) of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    resident = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:"))
    return resident, len(os.listdir(f"/proc/{pid}/fd"))


def main():
    lab = Lab(sys.argv[1])
    steps = int(sys.argv[2] if len(sys.argv) > 2 else os.environ.get("LORIKEET_STEPS", "300"))
    lab.env["OMP_NUM_THREADS"] = "1"
    try:
        pictures(lab / "pictures")
        (lab / "prompts.txt").write_text("a dog --w 64 --h 64 --s 1 --d 5\n")
        write_job(lab / "long.toml", max_train_steps=steps, train_batch_size=1, resolution="64,64", save_every_n_steps=20,
                  save_last_n_steps=40, save_state_every_n_steps=10, sample_every_n_steps=50, sample_prompts="prompts.txt",
                  shuffle_caption=True, flip_aug=True)  # fmt: skip
        with open(lab / "errors", "w") as errors:
            run = lab.start("train", "long.toml", "--progress", "json", errors=errors)
            seen = []
            for line in run.stdout:
                event = json.loads(line)
                if event["event"] == "step" and event["step"] % (steps // 60) == 0:
                    seen.append(look_at(run.pid))
            run.wait()
        tap.ok(run.returncode == 0 and len(seen) >= 50, f"{steps} steps with states, checkpoints and samples", (lab / "errors").read_text())
        warm = seen[len(seen) // 5 :]  # the first ones fill what is kept
        most = max(r for r, _ in warm[len(warm) // 2 :])
        least = max(r for r, _ in warm[: len(warm) // 2])
        tap.ok(most <= least + 1024, f"resident memory: at most {least} KiB in the first half, {most} KiB in the second")
        files = {f for _, f in seen}
        tap.ok(max(files) - min(files) <= 2 and seen[-1][1] <= seen[len(seen) // 5][1] + 1, f"open files: {sorted(files)}")
        left = sorted(p.name for p in (lab / "out").iterdir() if p.is_file())
        tap.ok(len(left) <= 5, f"what save_last_n_steps keeps: {left}")
    finally:
        lab.close()
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
