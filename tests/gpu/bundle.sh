#!/usr/bin/env bash
# ./dev gpu-bundle [FOLDER [WHEEL...]]: packs what a machine with an NVIDIA card needs to build and test the engine and its
# CUDA module, where there is nothing but gcc, CUDA and cuDNN: sources, a build file for ninja, ninja itself, the few
# libraries with their headers, the reference cases. FOLDER/run.sh does it all there. Wheels (diffusers, say) are for its
# comparison with PyTorch.
#
# Called in the build environment with the folder of an own configuration (CUDA on, CPU backend and window off), in which
# "files" lists the sources, each name ended by a zero byte.
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$1
out=$(realpath -m "${2:-$PWD/lorikeet-gpu}")
system=/usr/lib/x86_64-linux-gnu
most_mb=60

rm -rf "$out"
mkdir -p "$out"/{bin,lib,libc,include/{single,x86_64-linux-gnu},build,wheels}

cp "$top"/tests/gpu/{run,places}.sh "$out/"
[ $# -le 2 ] || cp "${@:3}" "$out/wheels/"

# Headers of the libraries.
for folder in glib-2.0 gdk-pixbuf-2.0 libpng16 webp libmount blkid sysprof-6; do
    [ ! -d "/usr/include/$folder" ] || cp -r "/usr/include/$folder" "$out/include/"
done
cp -r "$system/glib-2.0/include" "$out/include/glib-2.0-config"
cp -rL /usr/include/{yyjson.h,zlib.h,zconf.h,png.h,pngconf.h,pnglibconf.h,sqlite3.h,webp} "$out/include/single/" 2>/dev/null || true
[ ! -f /usr/include/x86_64-linux-gnu/zconf.h ] || cp /usr/include/x86_64-linux-gnu/zconf.h "$out/include/single/"

# The libraries themselves, and apart from them the C library that they were made for, under whose loader programs run
# where the system's is older than lib/needs-libc. No links: not every way of copying keeps them.
tools=("$(command -v ninja)" "$(command -v xz)")
programs=("$build/tests/parity/parity" "$build/src/cli/lorikeet-cli" "$build/tests/bench/bench-step" "${tools[@]}")
c_library='/(libc|libm|libdl|librt|libpthread|libresolv|libstdc\+\+|libgcc_s|ld-linux-x86-64)\.so'
ldd "${programs[@]}" | awk '/=> \// {print $3}' | sort -u >"$out/lib/list"
grep -Ev "$c_library" "$out/lib/list" | xargs -I{} cp -L {} "$out/lib/"
grep -E "$c_library" "$out/lib/list" | xargs -I{} cp -L {} "$out/libc/"
rm "$out/lib/list"
cp -L "$system/libstdc++.so.6" "$system/libgcc_s.so.1" /lib64/ld-linux-x86-64.so.2 "$out/libc/"
for name in dl pthread rt resolv; do cp -L "$system/lib$name.so."? "$out/libc/" 2>/dev/null || true; done
objdump -T "$out"/lib/*.so* | grep -oE 'GLIBC_2\.[0-9]+' | sort -Vu | tail -n 1 | cut -d_ -f2 >"$out/lib/needs-libc"
cp "${tools[@]}" "$out/bin/"

# The build file: paths of this machine become paths of the bundle; where CUDA is and which card there is, run.sh fills in.
cp -r "$build/src/text" "$out/build/text-generated" 2>/dev/null || true
names=()
for name in $(grep -oE "$system/lib[a-zA-Z0-9_.+-]*\.so" "$build/build.ninja" | sort -u); do
    soname=$(objdump -p "$(readlink -f "$name")" 2>/dev/null | awk '/SONAME/ {print $2}') || continue
    [ -n "$soname" ] && [ -f "$out/lib/$soname" ] && names+=(-e "s#${name//./\\.}\( \|\$\)#../lib/$soname\1#g")
done
sed -e 's/\bccache cc\b/cc/g' \
    -e '/^build build\.ninja: REGENERATE_BUILD/,/^$/d' \
    -e '/^build .*: CUSTOM_COMMAND.*gettext/,/^$/d' \
    -e "s# $system/lib\(m\|dl\|pthread\|rt\)\.\(a\|so\)##g" \
    -e "s|-I$system/glib-2.0/include|-I../include/glib-2.0-config|g" \
    -e "s|-I/usr/include/\\([a-zA-Z0-9.-]*\\)|-I../include/\\1|g" \
    "${names[@]}" \
    -e "s|$build|.|g" -e "s|$top|..|g" \
    -e 's|\(-gencode [^ ]* *\)\+|@GENCODE@ |g' \
    -e 's| --compress-mode=size||g' -e 's| -Xfatbin -compress-all||g' \
    -e 's| -isystem */usr/local/cuda/include| @INCLUDES@|g' \
    -e 's#/usr/local/cuda/lib\(64\)\?/libcudart_static\.a#@RUNTIME@/libcudart_static.a#g' \
    -e 's#/usr/local/cuda/lib\(64\)\?/libcublasLt\.so[.0-9]*#@BLAS@#g' -e 's#/usr/local/cuda/lib\(64\)\?/libcudnn\.so[.0-9]*#@DNN@#g' \
    -e 's|-L/usr/local/cuda/lib\(64\)\?|-L@RUNTIME@|g' -e 's|-lcublasLt\b|@BLAS@|g' -e 's|-lcudnn\b|@DNN@|g' \
    -e 's|/usr/local/cuda|@CUDA@|g' \
    -e 's|^ ARGS = | ARGS = -isystem ../include/single |' \
    -e 's|^\( LINK_ARGS = .*-Wl,--as-needed\)|\1 -Wl,-rpath-link,../lib -Wl,--allow-shlib-undefined|' \
    "$build/build.ninja" >"$out/build/build.ninja.in"

# Sources, headers and cases in one archive.
tar -cf - -C "$top" --null -T "$build/files" --no-null -C "$out" include | xz -T2 -9 >"$out/sources.tar.xz"
rm -r "$out/include"

size=$(du -sm "$out" | cut -f 1)
echo "$out: $size MB. On the machine with the card: bash $(basename "$out")/run.sh"
[ "$size" -lt $most_mb ] || { echo "That is more than $most_mb MB." >&2; exit 1; }
