#!/usr/bin/env bash
# ./dev demo: trains a LoRA on photographs of birds and draws with it. Called with the build's programs on PATH.
#
# The base model is the small one of the reference cases: true Stable Diffusion 1.x in structure and file format, but
# with random weights. So the demo shows that everything runs; it cannot show a beautiful picture.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
base=$(readlink -f "$here/../../tests/parity/cases/plain/model.safetensors")
photos=/usr/share/tuxpaint/stamps/animals/birds
out=${1:-$PWD/lorikeet-demo}
steps=60

[ -d "$photos" ] || { echo "The photographs are missing: install the package tuxpaint-stamps-default." >&2; exit 1; }
mkdir -p "$out/pictures"

# Twelve photographs, on white, each with the caption that the package has for it.
for photo in $(find "$photos" -maxdepth 1 -name '*.png' | sort | head -n 12); do
    name=$(basename "$photo" .png)
    [ -f "$out/pictures/$name.png" ] || convert "$photo" -background white -alpha remove -alpha off -resize 256x256 "$out/pictures/$name.png"
    sed -n '1{s/^[Aa]n\? /bird photo, a /;s/\.$//;p}' "${photo%.png}.txt" >"$out/pictures/$name.txt"
done

cat >"$out/job.toml" <<TOML
pretrained_model_name_or_path = "$base"
train_data_dir = "pictures"
output_dir = "result"
output_name = "demo"
trigger_words = "bird photo"
resolution = 128
enable_bucket = true
min_bucket_reso = 64
max_bucket_reso = 256
train_batch_size = 2
max_train_steps = $steps
network_dim = 8
network_alpha = 8
learning_rate = 1e-3
lr_scheduler = "cosine"
seed = 1
TOML

lorikeet-cli check "$out/job.toml"
lorikeet-cli train "$out/job.toml"
for strength in 0 1; do
    lorikeet-cli generate --model "$base" --lora-dir "$out/result" --prompt "bird photo, a robin <lora:demo:$strength>" \
        --width 128 --height 128 --steps 12 --cfg 3 --seed 5 --out "$out/result/picture-$strength.png"
done
convert "$out/result/picture-0.png" "$out/result/picture-1.png" +append "$out/result/pictures.png"

echo
echo "The LoRA:                             $out/result/demo.safetensors"
echo "A picture without it and with it:     $out/result/pictures.png"
