# Where things are on a machine with an NVIDIA card; sourced by run.sh, which has set `here`, the bundle's folder.
#
# Sets cuda, card, capability, the folders of NVIDIA's libraries (blas, dnn, driver), the includes, and the array `loader`:
# what comes before a program so that it finds its libraries.
# shellcheck shell=bash disable=SC2034,SC2154

# first_file NAME FOLDER...: the first file of that name, links followed.
first_file() { find -L "${@:2}" -maxdepth 9 -name "$1" -print -quit 2>/dev/null; }

# Folders in which NVIDIA's libraries may be: beside CUDA, the system's, those of Python packages.
library_folders() {
    local python
    printf '%s\n' "$cuda/lib64" "$cuda/lib" "$cuda/targets/x86_64-linux/lib" /usr/lib/x86_64-linux-gnu /usr/lib64
    for python in ${GPU_PYTHON:-} python3 python; do
        "$python" -c 'import sysconfig; print(sysconfig.get_paths()["purelib"] + "/nvidia")' 2>/dev/null
    done
    printf '%s\n' /usr/local/lib "$HOME/.local/lib" /opt
}

# library NAME: the folder of a library, searched in that order.
library() {
    local folder found
    while read -r folder; do
        found=$([ ! -d "$folder" ] || first_file "$1" "$folder")
        [ -z "$found" ] || { dirname "$found"; return 0; }
    done < <(library_folders)
    return 1
}

# header NAME LIBRARY_FOLDER: the folder of a header: beside its library, with CUDA, the system's.
header() {
    local found
    found=$(first_file "$1" "$2/../include" "$cuda/include" "$cuda/targets/x86_64-linux/include" /usr/include /usr/local/include)
    [ -n "$found" ] && dirname "$found"
}

find_cuda() {
    local nvcc
    nvcc=$(command -v nvcc || true)
    for cuda in ${CUDA_HOME:+"$CUDA_HOME"} /usr/local/cuda ${nvcc:+"$(dirname "$(dirname "$(readlink -f "$nvcc")")")"}; do
        [ ! -x "$cuda/bin/nvcc" ] || break
    done
    [ -x "$cuda/bin/nvcc" ] || { echo "There is no nvcc in $cuda/bin: set CUDA_HOME."; return 1; }
    blas=$(library 'libcublasLt.so.1[23]') || { echo "cuBLASLt (libcublasLt.so) was not found."; return 1; }
    dnn=$(library libcudnn.so.9) || { echo "cuDNN 9 (libcudnn.so.9) was not found."; return 1; }
    runtime=$(library libcudart_static.a) || { echo "CUDA's runtime (libcudart_static.a) was not found."; return 1; }
    includes=
    local pair folder
    for pair in "cuda_runtime_api.h $runtime" "cublasLt.h $blas" "cudnn_version.h $dnn"; do
        folder=$(header ${pair% *} "${pair#* }") || { echo "The header ${pair% *} was not found."; return 1; }
        [ "$folder" = /usr/include ] || [[ " $includes " == *" $folder "* ]] || includes="$includes $folder"
    done
    # cuDNN compiles its fused attention with it, when it is first used.
    compiler=$(library 'libnvrtc.so.1[23]') || { echo "NVRTC (libnvrtc.so) was not found: there will be no fused attention."; compiler=$blas; }
    blas_file=$(first_file 'libcublasLt.so.1[23]' "$blas")
}

find_card() {
    card=$(nvidia-smi --query-gpu=name --format=csv,noheader 2>/dev/null | head -n 1)
    capability=$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader 2>/dev/null | head -n 1 | tr -d .)
    # CUDA's own small program tells the same where nvidia-smi is missing or old.
    [[ $capability =~ ^[0-9]+$ ]] || capability=$("$cuda/bin/__nvcc_device_query" 2>/dev/null | cut -d, -f1)
    [[ $capability =~ ^[0-9]+$ ]] || { echo "There is no card (nvidia-smi says nothing)."; return 1; }
    card=${card:-a card of compute capability $capability}
    driver=$( (IFS=:; for folder in ${LD_LIBRARY_PATH:-} /usr/local/nvidia/lib64 /usr/lib/x86_64-linux-gnu /usr/lib64 /run/opengl-driver/lib; do
        [ ! -e "$folder/libcuda.so.1" ] || { echo "$folder"; break; }
    done) )
    [ -n "$driver" ] || driver=$(/sbin/ldconfig -p 2>/dev/null | awk '/libcuda\.so\.1 .*x86-64/ {print $NF; exit}' | xargs -r dirname)
}

# The bundle's libraries were made for a C library, which is in the bundle too: where the system's is older, programs run
# under that one's loader. (Tools that put themselves between, such as compute-sanitizer, prefer the system's.)
find_loader() {
    local here_has needed paths=$here/lib:$blas:$dnn:$compiler${driver:+:$driver}
    needed=$(cat "$here/lib/needs-libc")
    here_has=$(getconf GNU_LIBC_VERSION 2>/dev/null | cut -d' ' -f2)
    own=("$here/libc/ld-linux-x86-64.so.2" --library-path "$here/libc:$here/lib")
    if [ -n "$here_has" ] && [ "$(printf '%s\n' "$needed" "$here_has" | sort -V | head -n 1)" = "$needed" ]; then
        loader=(env "LD_LIBRARY_PATH=$paths${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}")
    else
        loader=("${own[0]}" --library-path "$here/libc:$paths:$(dirname "$(gcc -print-file-name=libstdc++.so.6)")")
    fi
}
