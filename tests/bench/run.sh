#!/usr/bin/env bash
# ./dev bench [OPTION...]: seconds and memory of a training step on a Stable Diffusion 1.5 of true size. Its weights are
# random; the file (2.1 GB) is made once in the cache. `./dev bench --help` says what can be varied.
set -euo pipefail
case " $* " in *" --help "*) exec bench-step --help ;; esac
exec bench-step "$(bench-model)" "$@"
