#!/usr/bin/env bash
# ./dev flatpak: proves the Flatpak without any network. A runtime is made of the Debian 13 folder, the
# program is built for it from the manifest by flatpak-builder (downloads off), installed into a private
# installation, and started there under a display of its own: window, command line, the demo's training.
#   local.sh ROOT CACHE [--modules FOLDER [--unoptimised]] [--quick]
# ROOT is the Debian 13 folder, CACHE where everything made here goes. The runtime has oneDNN, yyjson and
# blueprint-compiler already, so their modules are left out; with --modules those are built too that FOLDER has a git
# repository of with the pinned commit: FOLDER/oneDNN, FOLDER/yyjson, FOLDER/blueprint-compiler.
# --unoptimised compiles them in a third of the time (oneDNN alone is an hour of a processor); --quick trains only a few steps.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(dirname "$here")
root=$1 cache=$2
shift 2
modules='' fast='' quick=''
while [ $# -gt 0 ]; do
    case $1 in
    --modules) modules=$(cd "$2" && pwd); shift 2 ;;
    --unoptimised) fast=yes; shift ;;
    --quick) quick=yes; shift ;;
    *) echo "flatpak: unknown option $1" >&2; exit 2 ;;
    esac
done

id=io.github.lorikeet_lora.Lorikeet
arch=$(flatpak --default-arch)
version=$(sed -n 's/.*"runtime-version": "\(.*\)".*/\1/p' "$here/$id.json")
export FLATPAK_USER_DIR=$cache/installation
# Nothing of the caller's: its desktop, settings and installed Flatpaks are not touched.
unset DISPLAY WAYLAND_DISPLAY DBUS_SESSION_BUS_ADDRESS
export HOME=$cache/home XDG_RUNTIME_DIR=$cache/run XDG_DATA_HOME='' XDG_CONFIG_HOME='' XDG_CACHE_HOME='' LC_ALL=C.UTF-8
mkdir -p "$HOME" "$XDG_RUNTIME_DIR" "$cache/log"
chmod 700 "$XDG_RUNTIME_DIR"

say() { printf 'flatpak: %s\n' "$*" >&2; }
# logged NAME COMMAND...: its output goes to a file, and is shown if it fails.
logged() {
    local log=$cache/log/$1.log name=$1 start=$SECONDS
    shift
    "$@" >"$log" 2>&1 </dev/null || { tail -n 30 "$log" >&2; say "$name failed; all it said is in $log"; return 1; }
    last=$((SECONDS - start))
}
mib() { du -sm --apparent-size "$@" | awk '{sum += $1} END {print sum}'; }

# ---- the runtime -------------------------------------------------------------------------------------

# /usr as hard links, /etc beside it as runtimes have it; without what no program here needs.
make_runtime() {
    local dir=$cache/runtime
    rm -rf "$dir"
    mkdir -p "$dir"
    cp -al "$root/usr" "$dir/usr"
    cp -a "$root/etc" "$dir/usr/etc"
    rm -rf "$dir"/usr/share/{tuxpaint,doc,man,info,i18n} "$dir"/usr/lib/llvm-* "$dir"/usr/lib/*/libclang* "$dir"/usr/local
    # Files that the sandbox brings itself.
    rm -rf "$dir"/usr/etc/{passwd,group,machine-id,resolv.conf,hosts,localtime,mtab}
    mkdir -p "$dir/usr/local"
    if [ -n "$modules" ]; then add_cmake "$dir"; fi
    local name
    for name in Platform Sdk; do
        printf '[Runtime]\nname=org.gnome.%s\nruntime=org.gnome.Platform/%s/%s\nsdk=org.gnome.Sdk/%s/%s\n' \
            $name "$arch" "$version" "$arch" "$version" >"$dir/metadata"
        logged export-$name flatpak build-export --runtime --files=usr --arch="$arch" "$cache/repo" "$dir" "$version"
    done
    rm -rf "$dir"
}

# The Debian 13 folder has no cmake; it and what it needs are unpacked beside it where the modules are to be built.
add_cmake() {
    local debs=$cache/debs deb
    [ -f "$debs/complete" ] || {
        say "fetching cmake from Debian"
        mkdir -p "$debs/partial"
        logged cmake-packages bwrap --bind "$root" / --dev-bind /dev /dev --proc /proc --bind /tmp /tmp --bind "$debs" "$debs" \
            --ro-bind /etc/resolv.conf /etc/resolv.conf --tmpfs /var/lib/apt/lists sh -c \
            'mkdir -p /var/lib/apt/lists/partial && apt="apt-get -q -o APT::Sandbox::User=root" && $apt update &&
                $apt -o Dir::Cache::archives="$0" --no-install-recommends --download-only -y install cmake' "$debs"
        touch "$debs/complete"
    }
    for deb in "$debs"/*.deb; do dpkg-deb -x "$deb" "$1/deb" && cp -a "$1/deb/usr/." "$1/usr/" && rm -rf "$1/deb"; done
}

prepare_runtime() {
    local stamp="${root##*/} $version ${modules:+modules}"
    [ "$(cat "$cache/runtime.made" 2>/dev/null)" = "$stamp" ] && return
    say "making a runtime of the Debian 13 folder"
    rm -rf "$cache/repo" "$FLATPAK_USER_DIR" "$cache/runtime.made"
    ostree init --mode=archive --repo="$cache/repo"
    ostree --repo="$cache/repo" config set archive.zlib-level 1
    local start=$SECONDS
    make_runtime
    flatpak remote-add --user --no-gpg-verify local "$cache/repo"
    logged install-runtime flatpak install --user --noninteractive -y local "org.gnome.Platform//$version" "org.gnome.Sdk//$version"
    echo "$stamp" >"$cache/runtime.made"
    say "the runtime is ready ($((SECONDS - start)) s)"
}

# ---- building ----------------------------------------------------------------------------------------

# The sources as they are now, without what git ignores.
copy_sources() {
    rm -rf "$cache/source"
    mkdir -p "$cache/source"
    (cd "$top" && git ls-files -z --cached --others --exclude-standard | xargs -0 -r ls -d 2>/dev/null | tar -cf - -T -) | tar -C "$cache/source" -xf -
}

build() {
    copy_sources
    python3 "$here/local_manifest.py" "$here/$id.json" "$cache/source" "$modules" "$fast" >"$cache/$id.json"
    say "building $(python3 -c 'import json,sys; print(", ".join(m["name"] for m in json.load(open(sys.argv[1]))["modules"]))' "$cache/$id.json"), without network"
    # No rofiles-fuse: it needs FUSE, which containers often lack. A plain copy of the sources takes its place.
    local builder=(flatpak-builder --user --arch="$arch" --disable-rofiles-fuse --ccache --state-dir="$cache/state" --force-clean)
    # The modules' repositories are on this machine, but to flatpak-builder copying them is a download.
    [ -z "$modules" ] || logged sources "${builder[@]}" --download-only "$cache/build" "$cache/$id.json"
    logged build "${builder[@]}" --disable-download --disable-updates --repo="$cache/repo" "$cache/build" "$cache/$id.json"
    say "built ($last s)"
    logged install flatpak install --user --noninteractive -y --reinstall local "$id//stable"
    logged bundle flatpak build-bundle "$cache/repo" "$cache/lorikeet.flatpak" "$id" stable
    say "installed: $(mib "$FLATPAK_USER_DIR/app/$id/current/active/files") MiB, as one file (lorikeet.flatpak): $(mib "$cache/lorikeet.flatpak") MiB"
}

# ---- running -----------------------------------------------------------------------------------------

prepare_runtime
[ -z "$modules" ] || flatpak remote-modify --user --no-gpg-verify local
build
export lorikeet_id=$id lorikeet_quick=$quick lorikeet_cache=$cache
logged run bash "$here/try.sh" "$root"
cat "$cache/log/run.log"
