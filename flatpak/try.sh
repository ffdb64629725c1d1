#!/usr/bin/env bash
# Part of ./dev flatpak: the installed program as a person uses it, on a display and a message bus of its own. The command
# line answers; the window opens with the example; the example is trained, by keys as a person presses them, and drawn with.
# Called by local.sh with the Debian 13 folder, which has the X server; lorikeet_cache says where results go.
set -euo pipefail

root=$1 id=$lorikeet_id cache=$lorikeet_cache
data=$HOME/.var/app/$id/data/lorikeet
inside() { bwrap --ro-bind "$root" / --dev /dev --proc /proc --bind /tmp /tmp --bind "$cache" /mnt --die-with-parent "$@"; }
# OpenMP threads that wait for each other must not keep the cores busy in so small a model.
app() { flatpak run --user --env=GSK_RENDERER=cairo --env=OMP_WAIT_POLICY=passive "$@"; }
fail() { printf 'flatpak: %s\n' "$*" >&2; exit 1; }

# The script calls itself on a message bus.
if [ "${2:-}" != on-bus ]; then
    rm -rf "$HOME/.var" "$cache"/*.png
    mkfifo "$cache/number.$$"
    exec 3<>"$cache/number.$$"
    rm "$cache/number.$$"
    inside Xvfb -displayfd 3 -screen 0 1280x800x24 -nolisten tcp >/dev/null 2>&1 &
    display=$!
    trap 'kill "$display" 2>/dev/null' EXIT
    read -r -t 60 -u 3 number || fail "The X server does not start."
    DISPLAY=:$number dbus-run-session -- bash "$0" "$root" on-bus 2> >(grep -v 'dbus-daemon\[\|^SpiRegistry' >&2)
    exit
fi

# picture NAME: what is on the screen.
picture() { inside import -window root "/mnt/$1.png"; }
keys() { inside xdotool mousemove 640 500 key --clearmodifiers "$@"; }
# until_true SECONDS COMMAND...: looks again and again. The program must run meanwhile.
until_true() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $end ] && kill -0 "$program" 2>/dev/null || return 1
        sleep 1
    done
}

echo "permissions: $(flatpak info --user --show-permissions "$id" | sed '/^$/d; /^\[/d' | xargs)"
echo "lorikeet-cli --version: $(app --command=lorikeet-cli "$id" --version)"
app --command=lorikeet-cli "$id" devices

begin=$SECONDS
app "$id" --open-example >"$cache/log/window.log" 2>&1 &
program=$!
trap 'flatpak kill "$id" 2>/dev/null || kill $program 2>/dev/null || true' EXIT
until_true 120 inside xdotool search --onlyvisible --name Lorikeet || { cat "$cache/log/window.log" >&2; fail "No window appeared."; }
echo "the window appeared after $((SECONDS - begin)) s"
copied() { [ "$(find "$data/projects" -name '*.png' | wc -l)" -ge 20 ]; }
until_true 120 copied || fail "The example was not made in $data/projects, where files stay."
sleep 5
picture window
if [ -n "$lorikeet_quick" ]; then
    app --command=lorikeet-cli "$id" train /app/share/lorikeet/demo/job.toml --progress none \
        --set max_train_steps=10 --set lr_warmup_steps=2 --set "output_dir=$data/quick" --set "cache_dir=$data/cache"
else
    # Alt+2 shows the parameters, Ctrl+Enter trains.
    keys alt+2
    sleep 10
    picture parameters
    keys ctrl+Return
    began() { find "$data/projects" -name job.toml | grep -q .; }
    until_true 300 began || { picture failed; fail "Training did not begin."; }
    begin=$SECONDS
    # The last LoRA; those of epochs before it have a number in their names.
    trained() { find "$data/projects" -name '*.safetensors' -not -name '*state*' -not -name '*-[0-9][0-9][0-9][0-9][0-9][0-9].*' | grep -q .; }
    until_true 7200 trained || { picture failed; fail "The example was not trained."; }
    echo "the example was trained in the window in $((SECONDS - begin)) s"
    sleep 5
    picture trained
fi
flatpak kill "$id" 2>/dev/null || true
lora=$(find "$data" -name '*.safetensors' -not -name '*state*' -not -name '*-[0-9][0-9][0-9][0-9][0-9][0-9].*' | head -n 1)
[ -n "$lora" ] || fail "There is no LoRA."
echo "the LoRA: ${lora#"$HOME"/}, $(stat -c %s "$lora") bytes"
name=$(basename "$lora" .safetensors)
app --command=lorikeet-cli "$id" generate --model /app/share/lorikeet/demo/base.safetensors --lora-dir "$(dirname "$lora")" \
    --prompt "lorimascot on a green background <lora:$name:1>" --width 128 --height 128 --steps 25 --cfg 4 --sampler ddim \
    --seed 3 --out "$data/drawn.png" >/dev/null
cp "$data/drawn.png" "$cache/drawn.png"
echo "pictures of it in $cache: $(cd "$cache" && ls *.png | xargs)"
grep -iE 'warning|critical' "$cache/log/window.log" | sort | uniq -c | head -n 20 || true
