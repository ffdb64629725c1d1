#!/usr/bin/env bash
# ./dev bench [OPTION...]: a training step of Stable Diffusion 1.5 by this engine and, where PyTorch is at hand, by a lean
# PyTorch loop, one after the other several times, because a machine is not equally fast all the time. Nothing here
# passes or fails. Options go to both programs: --precision fp32, --size 256, --no-te, --steps N.
#
# ./dev bench --memory sd15|sdxl: what a run needs of a card's memory, option by option; no card is needed.
#
# ./dev bench --roofline FAMILY --device CARD: what a step could take at best on a card, without one; --help says more.
#
#   LORIKEET_BENCH_DIR     where the 2.1 GB model is made and kept
#   LORIKEET_BENCH_ROUNDS  how often (3)
#   LORIKEET_ORACLE_PYTHON a Python that has torch, diffusers and transformers
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
bench=${LORIKEET_BENCH_BUILD:-$here/../../build}/tests/bench
cache=${XDG_CACHE_HOME:-$HOME/.cache}/lorikeet
rounds=${LORIKEET_BENCH_ROUNDS:-3}

if [ "${1:-}" = --memory ]; then
    export LORIKEET_CUDA_MODULE=${LORIKEET_CUDA_MODULE:-$bench/../fakecuda/lorikeet-cuda-standin.so}
    export LORIKEET_FAKE_CUDA=${LORIKEET_FAKE_CUDA:-sm=86}
    exec "$bench/bench-memory" "$here/.." "${@:2}"
fi
case " $* " in *" --roofline"*) exec "$bench/bench-roofline" --tests "$here/.." "$@" ;; esac

model=$("$bench/bench-model")

# The first Python that has what the peer needs.
peer=
for python in ${LORIKEET_ORACLE_PYTHON:-} "$cache"/oracle-*/bin/python python3; do
    if "$python" -c 'import torch, diffusers, transformers' >/dev/null 2>&1; then
        peer=$python
        break
    fi
done
[ -n "$peer" ] || echo "No Python with torch, diffusers and transformers: only this engine runs (./dev test --oracle makes one)." >&2

log=$(mktemp -d)
trap 'rm -rf "$log"' EXIT
for ((round = 1; round <= rounds; round++)); do
    echo "== round $round of $rounds: this engine"
    "$bench/bench-step" "$model" "$@" | tee -a "$log/ours"
    [ -n "$peer" ] || continue
    echo "== round $round of $rounds: PyTorch"
    "$peer" "$here/peer.py" "$@" | tee -a "$log/peer"
done

# numbers FILE: steps after the first of each round, seconds, sorted.
numbers() { awk '$1 == "step" && $2 != "0:" {print $3}' "$1" | sort -n; }
middle() { awk '{a[NR] = $1} END {print NR % 2 ? a[(NR + 1) / 2] : (a[NR / 2] + a[NR / 2 + 1]) / 2}'; }
# field FILE WORD: the smallest number behind a word in the lines "result:".
field() { sed -n "s/^result:.*$2 \([0-9.]*\).*/\1/p" "$1" | sort -n | head -n 1; }

ours=$(numbers "$log/ours")
echo
echo "this engine: fastest $(head -n 1 <<<"$ours") s, median $(middle <<<"$ours") s a step; first step done $(field "$log/ours" 'first step done') s after start; peak $(field "$log/ours" peak) GiB"
if [ -n "$peer" ]; then
    theirs=$(numbers "$log/peer")
    echo "PyTorch:     fastest $(head -n 1 <<<"$theirs") s, median $(middle <<<"$theirs") s a step; first step done $(field "$log/peer" 'first step done') s after start; peak $(field "$log/peer" peak) GiB"
    awk -v a="$(head -n 1 <<<"$ours")" -v b="$(head -n 1 <<<"$theirs")" -v c="$(middle <<<"$ours")" -v d="$(middle <<<"$theirs")" \
        'BEGIN {printf "ratio:       fastest %.2f, median %.2f times as fast as PyTorch\n", b / a, d / c}'
fi
