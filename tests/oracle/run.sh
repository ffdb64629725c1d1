#!/usr/bin/env bash
# Compare the engine with PyTorch on fresh cases (./dev test --oracle), or make the cases of a list.
#   run.sh CACHE BUILD [NAME]      every case whose name contains NAME, in fp32 and bf16
#   run.sh --make LIST FOLDER      only make the cases of LIST in FOLDER
# PyTorch lives in a venv of its own in the cache; LORIKEET_ORACLE_PYTHON names one that is there already.
set -u
here=$(cd "$(dirname "$0")" && pwd)
make_only=0 list=$here/cases.txt
if [ "${1:-}" = --make ]; then
    make_only=1 list=$2 out=$3 name=
    cache=${XDG_CACHE_HOME:-$HOME/.cache}/lorikeet
else
    cache=$1 build=$2 name=${3:-} out=$2/oracle
fi

# make_venv FOLDER: PyTorch, diffusers and CLIP's vocabulary (in a package that is not run, hence --no-deps).
make_venv() {
    echo "making a Python environment with PyTorch in $1 (once; several GB)" >&2
    rm -rf "$1" "$1.new"
    python3 -m venv "$1.new" && "$1.new/bin/python" -m pip install -q -r "$here/requirements.txt" &&
        "$1.new/bin/python" -m pip install -q --no-deps open-clip-torch==3.3.0 && mv "$1.new" "$1"
}

python=${LORIKEET_ORACLE_PYTHON:-}
if [ -z "$python" ]; then
    venv=$cache/oracle-$(sha256sum <"$here/requirements.txt" | cut -c1-12)
    [ -d "$venv" ] || make_venv "$venv" || { echo "0 passed, 1 failed"; exit 1; }
    python=$venv/bin/python
fi

passed=0 failed=0
check() { # NAME COMMAND...: one result
    local status=0
    "${@:2}" >"$out/$1.log" 2>&1 || status=$?
    if [ $status = 0 ]; then
        passed=$((passed + 1)) && echo "ok - $1"
    else
        failed=$((failed + 1)) && echo "not ok - $1 (exit status $status)" && sed 's/^/    /' "$out/$1.log"
    fi
}

mkdir -p "$out"
while read -r case options; do
    case $case in '' | \#*) continue ;; *"$name"*) ;; *) continue ;; esac
    rm -rf "${out:?}/$case"
    # shellcheck disable=SC2086 # the options are words
    if ! "$python" "$here/make_case.py" --out "$out/$case" $options >"$out/$case.log" 2>&1; then
        failed=$((failed + 1)) && echo "not ok - $case could not be made" && tail -n 20 "$out/$case.log"
        continue
    fi
    [ $make_only = 1 ] && echo "made $out/$case" && passed=$((passed + 1)) && continue
    for precision in fp32 bf16; do
        check "$case-$precision" "$build/tests/parity/parity" "$out/$case" --precision "$precision"
    done
    [ -n "${LORIKEET_KEEP_CASES:-}" ] || rm -rf "${out:?}/$case"
done <"$list"
echo "$passed passed, $failed failed"
[ $failed = 0 ] && [ $passed -gt 0 ]
