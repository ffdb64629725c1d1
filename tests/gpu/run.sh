#!/usr/bin/env bash
# Builds and tests the engine and its CUDA module on a machine with an NVIDIA card, gcc, CUDA and cuDNN, from a bundle that
# ./dev gpu-bundle made; then times training steps, beside PyTorch where there is one. Prints one table at the end.
#
#   CUDA_HOME   where CUDA is (/usr/local/cuda)      GPU_MINUTES  stop starting new parts after so many (9)
#   GPU_PYTHON  a Python with torch and diffusers    GPU_PARTS    only these parts: "kernels ops parity programs sanitizer speed"
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here" || exit 1
cuda=${CUDA_HOME:-/usr/local/cuda}
minutes=${GPU_MINUTES:-9}
parts=${GPU_PARTS:-kernels ops parity programs sanitizer speed}
logs=$here/logs
rows=()
failed=0
mkdir -p "$logs"

say() { printf '%4d s  %s\n' "$SECONDS" "$*"; }
row() { rows+=("$1|$2|$3"); }
late() { [ "$SECONDS" -ge $((minutes * 60)) ]; }
wanted() { [[ " $parts " == *" $1 "* ]] && ! late; }

# verdict NAME STATUS TEXT: a line of the table for something that passes or fails.
verdict() {
    if [ "$2" = 0 ]; then row "$1" pass "$3"; else row "$1" FAIL "$3"; failed=$((failed + 1)); fi
}

# ---- where things are --------------------------------------------------------------------------------

libraries=$cuda/lib64
[ -d "$libraries" ] || libraries=$cuda/lib
[ -x "$cuda/bin/nvcc" ] || { echo "There is no nvcc in $cuda/bin: set CUDA_HOME."; exit 2; }
# cuDNN lies beside CUDA, in the system's folders, or in a Python package.
dnn=$(find -L "$libraries" /usr/lib/x86_64-linux-gnu /usr/lib64 /usr/local/lib "$HOME/.local/lib" /usr/lib/python3 /opt -name 'libcudnn.so.9' \
    -print -quit 2>/dev/null)
[ -n "$dnn" ] || { echo "cuDNN 9 (libcudnn.so.9) was not found."; exit 2; }
dnn=$(dirname "$dnn")
dnn_headers=$(find -L "$cuda/include" "$dnn/../include" /usr/include /usr/local/include -name cudnn_version.h -print -quit 2>/dev/null)
[ -n "$dnn_headers" ] || { echo "cuDNN's headers were not found."; exit 2; }
driver=$(dirname "$(/sbin/ldconfig -p 2>/dev/null | awk '/libcuda\.so\.1 .*x86-64/ {print $NF; exit}')" 2>/dev/null)
capability=$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader 2>/dev/null | head -n 1 | tr -d .)
card=$(nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader 2>/dev/null | head -n 1)
[ -n "$capability" ] || { echo "There is no card (nvidia-smi says nothing)."; exit 2; }
say "$card, compute capability $capability, CUDA in $cuda, cuDNN in $dnn"

# Programs run with the bundle's own C library; the driver's libraries come last.
extra=$(dirname "$(gcc -print-file-name=libstdc++.so.6)")
run() { "$here/lib/ld-linux-x86-64.so.2" --library-path "$here/lib:$libraries:$dnn:$driver:$extra" "$@"; }
export LORIKEET_CUDA_MODULE=${LORIKEET_CUDA_MODULE:-$here/build/src/backend/cuda/lorikeet-cuda.so} CUDA_MODULE_LOADING=LAZY

# ---- build -------------------------------------------------------------------------------------------

say "building"
sed -e "s|@CUDA@|$cuda|g" -e "s|@GENCODE@|-gencode arch=compute_$capability,code=sm_$capability|g" \
    -e "s|-isystem $cuda/include|-isystem $cuda/include -isystem $(dirname "$dnn_headers")|g" \
    -e "s|-lcudnn\b|$dnn/libcudnn.so.9|g" build/build.ninja.in >build/build.ninja
kernel_tests=$(grep -o '^build tests/kernels/test-kernels-[a-z_]*-device:' build/build.ninja | sed 's/^build //; s/:$//')
run bin/ninja -C build -j "$(nproc)" src/backend/cuda/lorikeet-cuda.so tests/ops/test_backend tests/parity/parity tests/bench/bench-step \
    tests/bench/bench-model src/cli/lorikeet-cli $kernel_tests >"$logs/build" 2>&1
status=$?
verdict "build" $status "$SECONDS s"
[ $status = 0 ] || { grep -A 3 -E 'error:|error  *:|FAILED' "$logs/build" | head -n 20; exit 1; }
run build/src/cli/lorikeet-cli devices 2>&1 | tee "$logs/devices"

# ---- tests -------------------------------------------------------------------------------------------

# tap NAME COMMAND...: a program that prints TAP.
tap() {
    local log=$logs/${1// /-}
    run "${@:2}" >"$log" 2>&1
    local status=$? good bad
    good=$(grep -c '^ok' "$log") bad=$(grep -c '^not ok' "$log")
    [ "$good" -gt 0 ] && [ "$bad" = 0 ] || status=1
    grep '^not ok' "$log" | head -n 5
    verdict "$1" $status "$good right, $bad wrong"
}

if wanted kernels; then
    say "kernels on the card"
    for program in $kernel_tests; do tap "$(basename "$program")" "build/$program"; done
fi
if wanted ops; then
    say "operations on the card against double precision"
    tap "operations" build/tests/ops/test_backend cuda
fi
if wanted parity; then
    say "reference cases"
    precisions="fp32 fp16"
    [ "$capability" -lt 80 ] || precisions="fp32 bf16 fp16"
    for precision in $precisions; do
        good=0 bad=0
        for case in tests/parity/cases/*/; do
            log=$logs/parity-$(basename "$case")-$precision
            if run build/tests/parity/parity "$case" --device cuda --precision "$precision" >"$log" 2>&1; then
                good=$((good + 1))
            else
                bad=$((bad + 1))
                echo "$(basename "$case") $precision:"; grep -E 'FAILED|parity:' "$log" | head -n 4
            fi
        done
        verdict "parity $precision" $((bad > 0)) "$good cases right, $bad wrong"
    done
fi

# train NAME MORE...: a small model on twenty pictures, 60 steps on the card.
train() {
    cat >"out/$1.toml" <<TOML
pretrained_model_name_or_path = "$here/tests/parity/cases/plain/model.safetensors"
train_data_dir = "$here/data/demo/example"
output_dir = "$here/out/$1"
output_name = "lora"
cache_dir = "$here/out/cache"
resolution = 128
train_batch_size = 5
max_train_steps = 60
network_dim = 8
learning_rate = 1e-3
save_every_n_steps = 20
save_state = true
TOML
    run build/src/cli/lorikeet-cli train "out/$1.toml" --device cuda:0 --progress json "${@:2}" >"$logs/train-$1" 2>&1
}
digest() { sha256sum "out/$1/lora.safetensors" 2>/dev/null | cut -d' ' -f1; }
if wanted programs; then
    say "whole runs: the same bytes twice, and after a kill"
    rm -rf out; mkdir -p out
    mixed=fp16
    [ "$capability" -lt 80 ] || mixed=bf16
    train one --set mixed_precision=$mixed; first=$?
    train two --set mixed_precision=$mixed
    [ $first = 0 ] && [ -n "$(digest one)" ] && [ "$(digest one)" = "$(digest two)" ]
    verdict "same job, same bytes" $? "$mixed"
    train three --set mixed_precision=$mixed & job=$!
    for _ in $(seq 200); do grep -q '"step":2[0-9],' "$logs/train-three" 2>/dev/null && break; sleep 0.05; done
    pkill -9 -f "train out/three.toml"; wait $job 2>/dev/null
    train three --set mixed_precision=$mixed --resume
    [ -n "$(digest one)" ] && [ "$(digest one)" = "$(digest three)" ]
    verdict "killed and resumed, same bytes" $? "$mixed"
fi
if wanted sanitizer; then
    sanitizer=$(command -v compute-sanitizer || ls "$cuda"/bin/compute-sanitizer "$cuda"/compute-sanitizer/compute-sanitizer 2>/dev/null | head -n 1)
    if [ -n "$sanitizer" ]; then
        for tool in memcheck racecheck; do
            say "compute-sanitizer $tool"
            timeout 90 "$sanitizer" --tool $tool --error-exitcode 9 "$here/lib/ld-linux-x86-64.so.2" --library-path \
                "$here/lib:$libraries:$dnn:$driver:$extra" build/tests/ops/test_backend cuda "group norm" >"$logs/$tool" 2>&1
            verdict "compute-sanitizer $tool" $? "$(tail -n 1 "$logs/$tool" | cut -c1-60)"
        done
    else
        row "compute-sanitizer" "-" "is not installed"
    fi
fi

# ---- speed -------------------------------------------------------------------------------------------

python=
for candidate in ${GPU_PYTHON:-} python3 python; do
    "$candidate" -c 'import torch, diffusers, transformers, sys; sys.exit(not torch.cuda.is_available())' 2>/dev/null && python=$candidate && break
done
# number FILE WORD: the number behind a word in the line "result:".
number() { sed -n "s/^result:.*$2 \([0-9.]*\).*/\1/p" "$1" | tail -n 1; }
# Arithmetic of a step, TFLOP: forward, backward for activations, the adapter's share left out (0.80 and 6.76 forward).
work_of() { [ "$1" = sdxl ] && echo 13.5 || echo 1.6; }

# speed FAMILY SIZE BATCH PRECISION
speed() {
    late && return
    local name="$1 $2 batch $3 $4" ours=$logs/speed-$1-$2-$3-$4 theirs=$logs/peer-$1-$2-$3-$4 model=$logs/../model-$1.safetensors more=()
    [ "$1" = sd1 ] || more=(--no-te)
    say "$name"
    [ -f "$model" ] || run build/tests/bench/bench-model --family "$1" "$model" >"$logs/model-$1" 2>&1 || { row "$name" FAIL "no model"; return; }
    run build/tests/bench/bench-step "$model" --device cuda:0 -p "$4" -s "$2" -b "$3" -n 12 "${more[@]}" >"$ours" 2>&1
    local mine other='' ratio='' plan peak
    mine=$(number "$ours" median) peak=$(number "$ours" peak) plan=$(number "$ours" plan)
    [ -n "$mine" ] || { row "$name" FAIL "$(tail -n 1 "$ours" | cut -c1-70)"; failed=$((failed + 1)); return; }
    if [ -n "$python" ] && ! late; then
        "$python" tests/bench/peer.py --device cuda --family "$1" --precision "$4" --size "$2" --batch "$3" --steps 12 >"$theirs" 2>&1
        other=$(number "$theirs" median)
    fi
    [ -z "$other" ] || ratio=$(awk -v a="$mine" -v b="$other" -v p="$(number "$theirs" peak)" 'BEGIN {printf ", PyTorch %.2f it/s and %s GiB: %.2f times as fast", 1 / b, p, b / a}')
    row "$name" "$(awk -v s="$mine" 'BEGIN {printf "%.2f it/s", 1 / s}')" \
        "$(awk -v s="$mine" -v b="$3" -v w="$(work_of "$1")" 'BEGIN {printf "%.0f TFLOP/s", w * b / s}'), card in use $peak GiB, plan $plan GiB$ratio"
}
if wanted speed; then
    half=fp16
    [ "$capability" -lt 80 ] || half=bf16
    speed sd1 512 1 $half
    speed sdxl 1024 1 $half
    speed sd1 512 4 $half
    speed sdxl 1024 4 $half
fi

printf '\n%s, compute capability %s, %d s\n' "$card" "$capability" "$SECONDS"
for line in "${rows[@]}"; do
    IFS='|' read -r name result text <<<"$line"
    printf '%-34s %-12s %s\n' "$name" "$result" "$text"
done | tee "$logs/table"
exit $((failed > 0))
