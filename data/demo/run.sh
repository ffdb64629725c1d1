#!/usr/bin/env bash
# ./dev demo: trains a LoRA of a new character in a few minutes on the CPU, and draws with it at four strengths.
# Called with the build's programs on PATH. The pictures, the base model and the settings are beside this script.
#   run.sh [FOLDER]   where the results go (lorikeet-demo in the current folder)
set -euo pipefail

case ${1-} in
-*)
    echo "usage: ./dev demo [FOLDER]   where the results go (lorikeet-demo in the current folder)" >&2
    [ "$1" = --help ] || [ "$1" = -h ]
    exit
    ;;
esac

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=${1:-$PWD/lorikeet-demo}
base=$here/base.safetensors
lora=lorimascot
strengths=(0 0.6 0.8 1)
seed=3
# What to draw. Green, orange and red are on none of the example's pictures; the last is the base model's own.
prompts=(
    "lorimascot on a green background"
    "lorimascot side view on a pink background"
    "lorimascot flying on an orange background"
    "lorimascot sleeping on a red background"
    "a fox on a light blue background"
)
side=160 # of a picture on the sheet

mkdir -p "$out/pictures"
export OMP_WAIT_POLICY=passive # threads that wait for each other in so small a model must not keep the cores busy
begin=$SECONDS
lorikeet-cli train "$here/job.toml" --set "output_dir=$out" --set "cache_dir=$out/cache"
trained=$((SECONDS - begin))

# words TEXT WIDTH HEIGHT: a piece of the sheet that says something.
words() { convert -font Cantarell -background white -fill '#333' -gravity center -size "$2x$3" -pointsize 17 caption:"$1" miff:-; }

echo "Drawing ${#prompts[@]} prompts at ${#strengths[@]} strengths"
rows=()
{
    words "the LoRA's strength:" $side 40
    for strength in "${strengths[@]}"; do words "$strength" $side 40; done
} | convert - -bordercolor white -border 3x0 +append "$out/pictures/row-0.png"
rows+=("$out/pictures/row-0.png")
for number in "${!prompts[@]}"; do
    prompt=${prompts[number]} row=("$out/pictures/words.png")
    words "$prompt" $side $side | convert - "${row[0]}"
    for strength in "${strengths[@]}"; do
        picture=$out/pictures/$((number + 1))-$strength.png
        lorikeet-cli generate --model "$base" --lora-dir "$out" --prompt "$prompt <lora:$lora:$strength>" \
            --width 128 --height 128 --steps 25 --cfg 4 --sampler ddim --seed $seed --out "$picture" >"$out/pictures/log" 2>&1 ||
            { cat "$out/pictures/log" >&2; exit 1; }
        row+=("$picture")
    done
    rows+=("$out/pictures/row-$((number + 1)).png")
    convert "${row[@]}" -resize "${side}x$side" -bordercolor white -border 3 +append "${rows[-1]}"
done
rm -f "$out/pictures/words.png" "$out/pictures/log"
convert "${rows[@]}" +repage -background white -append +repage -depth 8 -strip "$out/sheet.png"
rm -f "${rows[@]}"

echo
echo "Trained in $trained s, all in $((SECONDS - begin)) s."
echo "The LoRA:                                        $out/$lora.safetensors"
echo "What the base model draws without and with it:   $out/sheet.png"
