#!/bin/sh
# Speed of this build on this machine: training steps of the backbones, and the operators of the op
# table. Figures depend on what else runs; compare only within one call.
#
#   ./dev bench            everything (some minutes)
#   ./dev bench step       training steps alone
#   ./dev bench ops        operators alone

set -eu
cd "$(dirname "$0")/.."
what=${1:-all}

case $what in
all | step | ops) ;;
*)
    printf '%s\n' "bench: found '$what', expected step, ops or nothing" >&2
    exit 2
    ;;
esac

if [ "$what" != ops ]; then
    for size in "lite 96 320 8" "lite 192 640 8" "dla34 96 320 2"; do
        printf '\n%s\n' "== training step: backbone, height, width, batch: $size"
        # shellcheck disable=SC2086 # four arguments
        build/bench_step $size
    done
fi
if [ "$what" != step ]; then
    printf '\n%s\n' "== operators"
    build/op_table speed
fi
