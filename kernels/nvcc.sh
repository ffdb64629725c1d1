#!/bin/sh
# nvcc.sh LOG COMMAND...: runs the compiler; what ptxas tells of registers, spills and shared memory goes to LOG, for
# tests/kernels/resources.py. Anything else is shown.
log=$1
shift
"$@" 2>"$log" || { cat "$log" >&2; exit 1; }
grep -v -e '^ptxas info' -e 'bytes stack frame' -e '^[0-9a-zA-Z_]*$' "$log" >&2
exit 0
