#!/usr/bin/env python3
"""make_kohya_presets.py FOLDER: kohya_ss' LoRA presets (presets/lora/*.json) as one small file on standard output.

Each setting is stored once for all presets that have the same value: {"setting": [[value, [presets]], ...]}.
"""
import json
import sys
from pathlib import Path


def main() -> None:
    names, settings = [], {}
    for path in sorted(Path(sys.argv[1]).glob("*.json")):
        for key, value in json.loads(path.read_text()).items():
            if key == "training_comment" and value:
                value = "a comment"
            rows = settings.setdefault(key, [])
            row = next((r for r in rows if json.dumps(r[0]) == json.dumps(value)), None)
            if row is None:
                rows.append(row := [value, []])
            row[1].append(len(names))
        names.append(path.stem)
    print("{")
    print('"source": "github.com/bmaltais/kohya_ss, presets/lora (Apache License 2.0), by make_kohya_presets.py",')
    print('"presets": ' + json.dumps(names, indent=0) + ",")
    print('"settings": {')
    rows = [json.dumps(key) + ": " + json.dumps(value, separators=(",", ":")) for key, value in sorted(settings.items())]
    print(",\n".join(rows))
    print("}\n}")


main()
