#!/usr/bin/env bash
# Builds and tests the engine and its CUDA module on a machine with an NVIDIA card, gcc (11 or newer), CUDA and cuDNN, from a
# bundle that ./dev gpu-bundle made; then times training steps, beside PyTorch where there is one. Every part has its time,
# ends at it, and fails alone; what is known goes into the table at once, which is printed again at the end.
#
#   CUDA_HOME   where CUDA is                        GPU_MINUTES  all must be over after so many (9)
#   GPU_PYTHON  a Python with torch and transformers GPU_PARTS    only these parts: "ops parity programs kernels speed sanitizer"
#   GPU_OUT     folder for table and logs.tar.gz (results/)
#
# diffusers, where it is missing, comes from a folder wheels/ beside this file. GPU_STANDIN=1 rehearses all this without a
# card: over the stand-in for CUDA, which is built with the rest (and nothing is fast then).
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here" || exit 1
# shellcheck source=tests/gpu/places.sh
. "$here/places.sh"
minutes=${GPU_MINUTES:-9}
parts=${GPU_PARTS:-ops parity programs kernels speed sanitizer}
out=${GPU_OUT:-$here/results}
logs=$here/logs
patience=${GPU_STANDIN:+10} # a stand-in is slow
patience=${patience:-1}
failed=0
tasks=()
rm -rf "$logs"
mkdir -p "$logs" "$out" || exit 1
: >"$out/table"

say() { printf '%4d s  %s\n' "$SECONDS" "$*"; }
row() { printf '%-34s %-12s %s\n' "$1" "$2" "$3" | tee -a "$out/table"; }
# verdict NAME STATUS TEXT: a line of the table for something that passes or fails.
verdict() {
    local word=pass
    [ "$2" = 0 ] || { word=FAIL; failed=$((failed + 1)); }
    row "$1" "$word" "$3"
}

left() { echo $((minutes * 60 - SECONDS)); }
# within SECONDS COMMAND...: ended after so long, and a little before all must be over.
within() {
    local most=$(($(left) - 5)) asked=$(($1 * patience))
    [ "$most" -gt 0 ] || return 124
    timeout -k 3 "$((most < asked ? most : asked))" "${@:2}"
}
# program SECONDS COMMAND...: one of ours.
program() { within "$1" "${loader[@]}" "${@:2}"; }
# wanted PART: whether a part is asked for, can be done here and there is time to begin it; says so.
wanted() {
    [[ " $parts " == *" $1 "* ]] || return 1
    [ -z "${GPU_STANDIN:-}" ] || [[ " kernels sanitizer " != *" $1 "* ]] || { row "$1" "-" "needs a card"; return 1; }
    [ "$(left)" -ge 15 ] || { row "$1" "-" "no time was left"; return 1; }
    say "$1"
}
# beside COMMAND...: in the background, no more than eight at a time; all_done waits for them.
beside() {
    while [ "$(running)" -ge 8 ]; do sleep 0.1; done
    "$@" &
    tasks+=($!)
}
running() { local pid n=0; for pid in "${tasks[@]}"; do ! kill -0 "$pid" 2>/dev/null || n=$((n + 1)); done; echo $n; }
all_done() { [ ${#tasks[@]} = 0 ] || wait "${tasks[@]}"; tasks=(); }
keep_logs() { tar -C "$here" -czf "$out/logs.tar.gz" logs 2>/dev/null; }
trap keep_logs EXIT
trap 'exit 124' TERM INT

# ---- where things are --------------------------------------------------------------------------------

chmod +x "$here"/libc/ld-linux-x86-64.so.2 "$here"/bin/*
find_cuda || exit 2
if [ -n "${GPU_STANDIN:-}" ]; then
    card="the stand-in (H100)" capability=90 driver=''
else
    find_card || exit 2
fi
find_loader
say "$card, compute capability $capability; CUDA in $cuda, cuBLASLt in $blas, cuDNN in $dnn, driver in ${driver:-the system}"
[ -d src ] || "${own[@]}" bin/xz -dc sources.tar.xz | tar -xf - || { echo "sources.tar.xz could not be unpacked."; exit 1; }
half=fp16
[ "$capability" -lt 80 ] || half=bf16
export CUDA_MODULE_LOADING=LAZY OMP_WAIT_POLICY=passive XDG_CACHE_HOME=$here/cache
export LORIKEET_CUDA_MODULE=${LORIKEET_CUDA_MODULE:-$here/build/src/backend/cuda/lorikeet-cuda.so}

# ---- build -------------------------------------------------------------------------------------------

say "building"
targets=(src/backend/cuda/lorikeet-cuda.so tests/ops/test_backend tests/parity/parity tests/bench/bench-step
    tests/bench/bench-model tests/bench/bench-roofline src/cli/lorikeet-cli)
mapfile -t kernel_tests < <(grep -o '^build tests/kernels/test-kernels-[a-z_]*-device:' build/build.ninja.in | sed 's/^build //; s/:$//')
if [ -n "${GPU_STANDIN:-}" ]; then
    targets+=(tests/fakecuda/lorikeet-cuda-standin.so)
    export LORIKEET_CUDA_MODULE=$here/build/tests/fakecuda/lorikeet-cuda-standin.so LORIKEET_FAKE_CUDA=sm=90
fi
# shellcheck disable=SC2086
printf -v flags ' -isystem %s' $includes
sed -e "s|@INCLUDES@|$flags|g" -e "s|@CUDA@|$cuda|g" -e "s|@RUNTIME@|$runtime|g" -e "s|@BLAS@|$blas_file|g" -e "s|@DNN@|$dnn/libcudnn.so.9|g" \
    -e "s|@GENCODE@|-gencode arch=compute_$capability,code=sm_$capability|g" build/build.ninja.in >build/build.ninja
within 200 "${own[@]}" bin/ninja -k 0 -C build -j "$(nproc)" "${targets[@]}" "${kernel_tests[@]}" >"$logs/build" 2>&1
status=$?
verdict "build" $status "$SECONDS s"
[ $status = 0 ] || grep -A 3 -E 'error:|error  *:|FAILED|undefined' "$logs/build" | head -n 30
program 60 build/src/cli/lorikeet-cli devices 2>&1 | tee "$logs/devices"
grep -q '^cuda:0' "$logs/devices" || verdict "the card is found" 1 "$(grep '^cuda' "$logs/devices" | cut -c1-90)"

# The models to be timed are made while the tests run.
make_models() {
    program 150 build/tests/bench/bench-model --family sd1 "$here/model-sd1.safetensors" >"$logs/model-sd1" 2>&1
    program 200 build/tests/bench/bench-model --family sdxl "$here/model-sdxl.safetensors" >"$logs/model-sdxl" 2>&1
}
models=
[[ " $parts " != *" speed "* ]] || [ -n "${GPU_STANDIN:-}" ] || { make_models & models=$!; }

# ---- tests -------------------------------------------------------------------------------------------

# tap SECONDS NAME COMMAND...: a program that prints TAP.
tap() {
    local log=$logs/$2 status good bad
    program "$1" "${@:3}" >"$log" 2>&1
    status=$?
    good=$(grep -c '^ok' "$log") bad=$(grep -c '^not ok' "$log")
    [ "$good" -gt 0 ] && [ "$bad" = 0 ] || [ $status != 0 ] || status=1
    echo "$status $good $bad" >"$log.status"
}
# tapped NAME...: the programs' line of the table.
tapped() {
    local name status=0 good=0 bad=0 s g b more=
    [ $# -gt 1 ] || { status=1; more=', there are no such programs'; }
    for name in "${@:2}"; do
        read -r s g b <"$logs/$name.status"
        good=$((good + g)) bad=$((bad + b))
        [ "$s" = 0 ] || { status=1; more="$more, $name ended with $s"; grep -E '^not ok|says|error' "$logs/$name" | head -n 4; tail -n 1 "$logs/$name"; }
    done
    verdict "$1" $status "$good right, $bad wrong$more"
}

ops=
if wanted ops; then # one program of a thousand cases: beside the reference cases
    beside tap 120 operations build/tests/ops/test_backend cuda
    ops=started
fi

parity() {
    program 60 build/tests/parity/parity "$1" --device cuda --precision "$2" >"$logs/parity-$(basename "$1")-$2" 2>&1
    echo $? >"$logs/parity-$(basename "$1")-$2.status"
}
# cases_of PRECISION: TF32 is f32 but for how products round: two cases show that.
cases_of() {
    local all=(tests/parity/cases/*/)
    [ "$1" = tf32 ] && echo tests/parity/cases/plain/ tests/parity/cases/sdxl/ || echo "${all[@]}"
}
precisions=
if wanted parity; then
    precisions="fp32 fp16"
    [ $half = fp16 ] || precisions="fp32 tf32 bf16 fp16"
    for precision in $precisions; do
        for case in $(cases_of "$precision"); do beside parity "$case" "$precision"; done
    done
fi
all_done
[ -z "$ops" ] || tapped "operations" operations
if [ -n "$precisions" ]; then
    for precision in $precisions; do
        good=0 bad=
        for case in $(cases_of "$precision"); do
            log=$logs/parity-$(basename "$case")-$precision
            if [ "$(cat "$log.status")" = 0 ]; then
                good=$((good + 1))
            else
                bad="$bad $(basename "$case")"
                echo "$(basename "$case") $precision ended with $(cat "$log.status"):"
                grep -E 'FAILED|parity:' "$log" | head -n 4
            fi
        done
        [ -z "$bad" ]
        verdict "parity $precision" $? "$good cases right${bad:+, wrong:$bad}"
    done
    keep_logs
fi

# job NAME: a small model on twenty pictures, 60 steps.
job() {
    cat >"runs/$1.toml" <<TOML
pretrained_model_name_or_path = "$here/tests/parity/cases/plain/model.safetensors"
train_data_dir = "$here/data/demo/example"
output_dir = "$here/runs/$1"
output_name = "lora"
cache_dir = "$here/runs/cache-$1"
resolution = 128
train_batch_size = 5
max_train_steps = 60
network_dim = 8
learning_rate = 1e-3
save_every_n_steps = 20
save_state = true
mixed_precision = "$half"
TOML
}
train() { program 60 build/src/cli/lorikeet-cli train "runs/$1.toml" --device cuda:0 --progress json "${@:2}" >>"$logs/train-$1" 2>&1; }
digest() { sha256sum "runs/$1/lora.safetensors" 2>/dev/null | cut -d' ' -f1; }
same_bytes() {
    [ -n "$(digest one)" ] && [ "$(digest one)" = "$(digest "$2")" ]
    verdict "$1" $? "$half, $(digest one | cut -c1-8) and $(digest "$2" | cut -c1-8)${3:+, $3}"
}
# Starts a run, kills it once it has passed its first saved state, and goes on from there.
killed_and_resumed() {
    "${loader[@]}" build/src/cli/lorikeet-cli train runs/three.toml --device cuda:0 --progress json >"$logs/train-three" 2>&1 &
    local victim=$!
    for _ in $(seq $((1200 * patience))); do
        ! grep -q '"step":2[1-9],' "$logs/train-three" && kill -0 $victim 2>/dev/null || break
        sleep 0.05
    done
    kill -9 $victim 2>/dev/null
    wait $victim 2>/dev/null
    grep -q '"event":"done"' "$logs/train-three" && echo "the run was over before it was killed" >"$logs/train-three.note"
    train three --resume
}
if wanted programs; then
    rm -rf runs
    mkdir -p runs
    for name in one two three; do job $name; done
    beside train one
    beside train two
    beside killed_and_resumed
    all_done
    same_bytes "same job, same bytes" two
    same_bytes "killed and resumed, same bytes" three "$(cat "$logs/train-three.note" 2>/dev/null)"
    [ -n "$(digest one)" ] || tail -n 3 "$logs/train-one"
    keep_logs
fi

if wanted kernels; then
    names=()
    for file in "${kernel_tests[@]}"; do
        names+=("$(basename "$file")")
        beside tap 40 "$(basename "$file")" "build/$file"
    done
    all_done
    tapped "kernels on the card" "${names[@]}"
    keep_logs
fi

# ---- speed -------------------------------------------------------------------------------------------

find_python() {
    local candidate
    if compgen -G "$here/wheels/*.whl" >/dev/null; then
        for file in "$here"/wheels/*.whl; do python3 -m zipfile -e "$file" "$here/python"; done
        export PYTHONPATH=$here/python${PYTHONPATH:+:$PYTHONPATH}
    fi
    for candidate in ${GPU_PYTHON:-} python3 python; do
        within 60 "$candidate" -c 'import torch, diffusers, transformers, sys; sys.exit(not torch.cuda.is_available())' >"$logs/python" 2>&1 &&
            python=$candidate && return
    done
    row "PyTorch" "-" "$(tail -n 1 "$logs/python" | cut -c1-80)"
}
# number FILE WORD: the number behind a word in the line "result:".
number() { sed -n "s/^result:.*$2 \([0-9.]*\).*/\1/p" "$1" | tail -n 1; }

# without WHAT VERB KEY MODEL OURS SIZE OPTION...: the same step without something that should make it faster. ONE_TRACK=1
# in the environment: nothing is computed beside anything.
without() {
    local what=$1 log=$logs/without-$1-$3 alone
    LORIKEET_CUDA_ONE_TRACK=${ONE_TRACK:-} program 40 build/tests/bench/bench-step "$4" --device cuda:0 -p $half -s "$6" -n "${GPU_STEPS:-10}" "${@:7}" >"$log" 2>&1
    alone=$(number "$log" median)
    [ -n "$alone" ] || { row "  without $what" "-" "$(tail -n 1 "$log" | cut -c1-90)"; return; }
    row "  without $what" "$(awk -v s="$alone" 'BEGIN {printf "%.2f it/s", 1 / s}')" "$(awk -v w="$what $2" -v a="$5" -v b="$alone" 'BEGIN {printf "%s it %.2f times as fast", w, b / a}')"
}

# speed FAMILY SIZE BATCH SECONDS: our step, its share of the card's arithmetic and memory by the graph's own count, PyTorch's.
speed() {
    local name="$1 $2 batch $3 $half" key=$1-$2-$3 model=$here/model-$1.safetensors more=() texts=() mine theirs='' floor
    local ours=$logs/speed-$key roof=$logs/roofline-$key peer=$logs/peer-$key
    [ "$(left)" -ge 25 ] || { row "$name" "-" "no time was left"; return; }
    [ "$1" = sd1 ] && texts=(--text-encoder) || more=(--no-te)
    program "$4" build/tests/bench/bench-step "$model" --device cuda:0 -p $half -s "$2" -b "$3" -n "${GPU_STEPS:-20}" --measure --nodes 60 "${more[@]}" >"$ours" 2>&1
    mine=$(number "$ours" median)
    [ -n "$mine" ] || { verdict "$name" 1 "$(tail -n 1 "$ours" | cut -c1-90)"; return; }
    program 30 build/tests/bench/bench-roofline --tests tests --roofline "${1/sd1/sd15}" --device "$card" -s "$2" -b "$3" -r none "${texts[@]}" >"$roof" 2>&1
    floor=$(awk -v s="$mine" '/card: / {n = split($0, w, " "); for (i = 2; i <= n; i++) {if (w[i] ~ /^TFLOP/) f = w[i - 1]; if (w[i] == "GB/s") b = w[i - 1]}}
        $1 == "all" && NF == 8 {printf ", MFU %.0f %%, %.0f %% of the memory'"'"'s speed, floor %.1f ms", 100 * $4 / s / f, 100 * $5 / s / b, $7}' "$roof")
    row "$name" "$(awk -v s="$mine" 'BEGIN {printf "%.2f it/s", 1 / s}')" \
        "$(awk -v s="$mine" 'BEGIN {printf "%.1f ms", 1e3 * s}')${floor:-, floor unknown}, memory $(number "$ours" peak) GiB, planned $(number "$ours" plan)$(grep -o ', call by call' "$ours" | head -n 1)"
    if [ "$3" = 1 ]; then
        ONE_TRACK=1 without tracks make "$key" "$model" "$mine" "$2" "${more[@]}"
        without folding makes "$key" "$model" "$mine" "$2" "${more[@]}" --apart
    fi
    [ -z "$python" ] || within "$4" "$python" tests/bench/peer.py --device cuda --family "$1" --precision $half --size "$2" --batch "$3" --steps 20 "${more[@]}" >"$peer" 2>&1
    [ ! -f "$peer" ] || theirs=$(number "$peer" median)
    [ -z "$theirs" ] || row "  PyTorch" "$(awk -v s="$theirs" 'BEGIN {printf "%.2f it/s", 1 / s}')" \
        "$(awk -v a="$mine" -v b="$theirs" -v m="$(number "$ours" peak)" -v p="$(number "$peer" peak)" 'BEGIN {printf "%.1f ms, memory %.2f GiB: we are %.2f times as fast with %.2f of its memory", 1e3 * b, p, b / a, m / p}')"
    [ -n "$theirs" ] || [ -z "$python" ] || row "  PyTorch" "-" "$(tail -n 1 "$peer" | cut -c1-90)"
    keep_logs
}
# full_precision FAMILY SIZE: what TF32 brings where nothing is mixed.
full_precision() {
    local precision log model=$here/model-$1.safetensors f32='' tf32=''
    [ $half = bf16 ] && [ "$(left)" -ge 25 ] || return
    for precision in fp32 tf32; do
        log=$logs/speed-$1-$2-$precision
        program 40 build/tests/bench/bench-step "$model" --device cuda:0 -p $precision -s "$2" -n "${GPU_STEPS:-10}" >"$log" 2>&1
    done
    f32=$(number "$logs/speed-$1-$2-fp32" median) tf32=$(number "$log" median)
    [ -n "$f32" ] && [ -n "$tf32" ] || { verdict "$1 $2 batch 1 tf32" 1 "$(tail -n 1 "$log" | cut -c1-90)"; return; }
    row "$1 $2 batch 1 tf32" "$(awk -v s="$tf32" 'BEGIN {printf "%.2f it/s", 1 / s}')" \
        "$(awk -v a="$tf32" -v b="$f32" 'BEGIN {printf "%.1f ms; f32 takes %.1f: %.2f times as fast", 1e3 * a, 1e3 * b, b / a}')"
}
if wanted speed; then
    python=
    [ -n "${GPU_STANDIN:-}" ] || find_python
    [ -z "$models" ] || wait "$models"
    if [ -n "${GPU_STANDIN:-}" ]; then
        cp tests/parity/cases/plain/model.safetensors model-sd1.safetensors # a few channels: what is printed means nothing
        cp tests/parity/cases/sdxl/model.safetensors model-sdxl.safetensors
        card="NVIDIA H100 80GB HBM3" GPU_STEPS=2
        speed sd1 128 1 60
        speed sdxl 128 1 60
        full_precision sd1 128
    else
        speed sd1 512 1 60
        speed sdxl 1024 1 90
        speed sd1 512 4 60
        speed sdxl 1024 4 90
        full_precision sd1 512
    fi
fi

# ---- compute-sanitizer, with what time is left ---------------------------------------------------------

# sanitize TOOL NAME COMMAND...
sanitize() {
    local log=$logs/$1-$2 check=("$sanitizer" --tool "$1" --error-exitcode 9)
    case ${loader[0]} in
    env) within 60 "${loader[@]}" "${check[@]}" "${@:3}" ;;
    *) within 60 "${check[@]}" "${loader[@]}" "${@:3}" ;;
    esac >"$log" 2>&1
    echo $? >"$log.status"
}
# sanitized TOOL: its line of the table; being out of time is no finding.
sanitized() {
    local file status clean=0 cut=0 bad=
    for file in "$logs/$1"-*.status; do
        status=$(cat "$file")
        case $status in
        0) clean=$((clean + 1)) ;;
        124 | 137) cut=$((cut + 1)) ;;
        *) bad="$bad $(basename "${file%.status}") ($status: $(grep -E 'ERROR SUMMARY|========= [A-Z]' "${file%.status}" | tail -n 1 | cut -c1-60))" ;;
        esac
    done
    [ -n "$bad" ] || [ "$clean" -gt 0 ] || { row "compute-sanitizer $1" "-" "none of $cut programs ended in time"; return; }
    [ -z "$bad" ]
    verdict "compute-sanitizer $1" $? "$clean programs clean, $cut cut off${bad:+;$bad}"
}
if wanted sanitizer; then
    sanitizer=$(command -v compute-sanitizer || ls "$cuda"/bin/compute-sanitizer "$cuda"/compute-sanitizer/compute-sanitizer 2>/dev/null | head -n 1)
    if [ -n "$sanitizer" ]; then
        for tool in memcheck racecheck synccheck; do
            for file in "${kernel_tests[@]}"; do beside sanitize $tool "$(basename "$file")" "build/$file"; done
        done
        for name in attention conv2d matmul linear gradient; do beside sanitize memcheck "ops-$name" build/tests/ops/test_backend cuda $name; done
        all_done
        for tool in memcheck racecheck synccheck; do sanitized $tool; done
    else
        row "compute-sanitizer" "-" "is not installed"
    fi
fi

printf '\n%s, compute capability %s, %d s\n' "$card" "$capability" "$SECONDS"
cat "$out/table"
exit $((failed > 0))
