#!/usr/bin/env bash
# ./dev gpu-bundle [FOLDER]: packs what a machine with an NVIDIA card needs to build and test the engine and its CUDA
# module, where there is nothing but gcc, CUDA and cuDNN: sources, a build file for ninja, ninja itself, the few
# libraries with their headers, the reference cases. FOLDER/run.sh does it all there.
#
# Called in the build environment with the folder of an own configuration (CUDA on, CPU backend and window off), in which
# "files" lists the sources, each name ended by a zero byte.
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$1
out=$(realpath -m "${2:-$PWD/lorikeet-gpu}")
system=/usr/lib/x86_64-linux-gnu

rm -rf "$out"
mkdir -p "$out"/{bin,lib,include,build}

tar -C "$top" -cf - --null -T "$build/files" | tar -C "$out" -xf -
cp "$top/tests/gpu/run.sh" "$out/run.sh"

# The build file: paths of this machine become paths of the bundle; where CUDA is and which card there is, run.sh fills in.
cp "$(command -v ninja)" "$out/bin/ninja"
cp -r "$build/src/text" "$out/build/text-generated" 2>/dev/null || true
sed -e 's/\bccache cc\b/cc/g' \
    -e '/^build build\.ninja: REGENERATE_BUILD/,/^$/d' \
    -e '/^build .*: CUSTOM_COMMAND.*gettext/,/^$/d' \
    -e "s# $system/lib\(m\|dl\|pthread\|rt\)\.\(a\|so\)##g" \
    -e "s|-I$system/glib-2.0/include|-I../include/glib-2.0-config|g" \
    -e "s|-I/usr/include/\\([a-zA-Z0-9.-]*\\)|-I../include/\\1|g" \
    -e "s|$system/lib\\([a-zA-Z0-9_.-]*\\)\\.so|../lib/lib\\1.so|g" \
    -e "s|$top/build-gpu|.|g" -e "s|$build|.|g" -e "s|$top|..|g" \
    -e 's|\(-gencode [^ ]* *\)\+|@GENCODE@ |g' \
    -e 's| --compress-mode=size||g' \
    -e 's|/usr/local/cuda|@CUDA@|g' \
    -e 's|^ ARGS = | ARGS = -isystem ../include/single |' \
    -e 's|^\( LINK_ARGS = .*-Wl,--as-needed\)|\1 -Wl,-rpath-link,../lib -Wl,--allow-shlib-undefined|' \
    "$build/build.ninja" >"$out/build/build.ninja.in"

# Headers of the libraries.
for folder in glib-2.0 gdk-pixbuf-2.0 libpng16 webp libmount blkid sysprof-6; do
    [ ! -d "/usr/include/$folder" ] || cp -r "/usr/include/$folder" "$out/include/"
done
cp -r "$system/glib-2.0/include" "$out/include/glib-2.0-config"
mkdir -p "$out/include/single" "$out/include/x86_64-linux-gnu"
cp -rL /usr/include/{yyjson.h,zlib.h,zconf.h,png.h,pngconf.h,pnglibconf.h,sqlite3.h,webp} "$out/include/single/" 2>/dev/null || true
[ ! -f /usr/include/x86_64-linux-gnu/zconf.h ] || cp /usr/include/x86_64-linux-gnu/zconf.h "$out/include/single/"

# The libraries themselves, with the C library they were made for: programs run under its loader.
programs=("$build/tests/parity/parity" "$build/src/cli/lorikeet-cli" "$build/tests/bench/bench-step" "$(command -v ninja)")
ldd "${programs[@]}" | awk '/=> \// {print $3}' | sort -u | xargs -I{} cp -L {} "$out/lib/"
cp -L "$system/libstdc++.so.6" "$system/libgcc_s.so.1" /lib64/ld-linux-x86-64.so.2 "$out/lib/"
for name in dl pthread rt; do cp -L "$system/lib$name.so."? "$out/lib/" 2>/dev/null || true; done
for library in glib-2.0 gio-2.0 gobject-2.0 gdk_pixbuf-2.0 png16 yyjson z webp webpdemux sqlite3; do
    file=$(readlink -f "$system/lib$library.so" 2>/dev/null) || continue
    soname=$(objdump -p "$file" | awk '/SONAME/ {print $2}')
    [ -f "$out/lib/$soname" ] || cp "$file" "$out/lib/$soname"
    ln -sf "$soname" "$out/lib/lib$library.so"
done

echo "$out: $(du -sm "$out" | cut -f 1) MB. On the machine with the card: bash $(basename "$out")/run.sh"
