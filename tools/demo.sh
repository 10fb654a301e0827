#!/bin/sh
# The demo: render a data set (once), train for each seed a teacher that sees depth, a student alone
# and a student with that teacher, score all on the validation frames, write the report and print the
# comparison. Every step goes on where an earlier call stopped; what is finished is skipped.
#
#   MKD_DEMO     folder of data and runs (build/demo)
#   MKD_SEEDS    seeds ("0 1 2")

set -eu
cd "$(dirname "$0")/.."

monokd=$PWD/build/monokd
demo=${MKD_DEMO:-build/demo}
seeds=${MKD_SEEDS:-0 1 2}
begin=$(date +%s)

run() {
    name=$1
    config=$2
    shift 2
    printf '\n%s\n' "== $name"
    "$monokd" train "configs/demo/$config.yaml" "data.root=$demo/data" "train.run=$demo/runs/$name" "$@"
}

printf '%s\n' "== data"
"$monokd" data synth "$demo/data" frames=500 width_px=640 height_px=192 validation_share=0.4 \
    min_depth_m=6 max_depth_m=30 min_cars=3 max_cars=7 max_pedestrians=0 max_cyclists=0 \
    van_share=0 truck_share=0 slope=false

runs=
for seed in $seeds; do
    run "teacher_$seed" teacher "train.seed=$seed"
    run "plain_$seed" plain "train.seed=$seed"
    run "distilled_$seed" distilled "train.seed=$seed" "teacher.run=$demo/runs/teacher_$seed"
    runs="$runs $demo/runs/teacher_$seed $demo/runs/plain_$seed $demo/runs/distilled_$seed"
done

printf '\n%s\n' "== report"
# shellcheck disable=SC2086 # a list of folders
"$monokd" report $runs -o "$demo/report.html"
printf '%s\n' "demo: $demo/report.html, $(($(date +%s) - begin)) s in all"
