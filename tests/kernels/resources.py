#!/usr/bin/env python3
"""What each kernel takes of a card: registers, bytes spilled, shared memory, by architecture, against a table.

resources.py LOG TABLE [--update]: LOG is what ptxas -v told. A kernel that takes more than the table says fails the test;
so does one that is not in it. Another version of nvcc allocates differently: then only spills count.
"""
import collections
import re
import subprocess
import sys

ENTRY = re.compile(r"Compiling entry function '_Z\d+cuda_(\w+?)_(f32|bf16|f16)\d+\w*' for 'sm_(\d+)'")
SPILLS = re.compile(r"(\d+) bytes spill stores, (\d+) bytes spill loads")
USED = re.compile(r"Used (\d+) registers")
SHARED = re.compile(r"(\d+) bytes smem")
SLACK = 8  # bytes of spilling that ptxas may choose in an unknown version


def read_log(path):
    """{(kernel, type): {sm: (registers, spilled bytes, shared bytes)}}"""
    found = collections.defaultdict(dict)
    entry, spills = None, 0
    for line in open(path, encoding="utf-8"):
        if match := ENTRY.search(line):
            entry, spills = match.groups(), 0
        elif match := SPILLS.search(line):
            spills = int(match[1]) + int(match[2])
        elif entry and (match := USED.search(line)):
            shared = SHARED.search(line)
            found[entry[:2]][int(entry[2])] = (int(match[1]), spills, int(shared[1]) if shared else 0)
            entry = None
    return found


def read_table(path):
    lines = [line.rstrip("\n").split("\t") for line in open(path, encoding="utf-8")]
    version, cards = lines[0][1], [int(sm) for sm in lines[1][2:]]
    return version, {(row[0], row[1]): {sm: tuple(map(int, cell.split("/"))) for sm, cell in zip(cards, row[2:])} for row in lines[2:]}


def write_table(path, version, found):
    cards = sorted({sm for row in found.values() for sm in row})
    with open(path, "w", encoding="utf-8") as out:
        print("registers/spilled bytes/shared bytes by compute capability, nvcc", version, sep="\t", file=out)
        print("kernel", "type", *cards, sep="\t", file=out)
        for (kernel, dtype), row in sorted(found.items()):
            print(kernel, dtype, *("/".join(map(str, row[sm])) for sm in cards), sep="\t", file=out)


def main():
    log, table, nvcc = sys.argv[1:4]
    version = re.search(r"\bV(\d[\d.]*)", subprocess.run([nvcc, "--version"], capture_output=True, text=True, check=True).stdout)[1]
    found = read_log(log)
    if "--update" in sys.argv:
        return write_table(table, version, found)
    known_version, known = read_table(table)
    problems = []
    for key, row in found.items():
        for sm, (registers, spills, shared) in row.items():
            limit = known.get(key, {}).get(sm)
            name = f"{key[0]} {key[1]} sm_{sm}"
            if limit is None:
                problems.append(f"{name} is not in the table")
            elif version != known_version:
                if spills > limit[1] + SLACK:
                    problems.append(f"{name} spills {spills} bytes, {limit[1]} in the table")
            elif registers > limit[0] or spills > limit[1] or shared > limit[2]:
                problems.append(f"{name}: {registers}/{spills}/{shared}, {'/'.join(map(str, limit))} in the table")
    problems += [f"{kernel} {dtype} is in the table only" for kernel, dtype in known if (kernel, dtype) not in found]
    for problem in problems:
        print("#", problem)
    count = sum(len(row) for row in found.values())
    print(f"{'not ok' if problems or not count else 'ok'} 1 - {count} kernels take what the table allows")
    print("1..1")


main()
