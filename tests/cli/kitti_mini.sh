#!/bin/sh
# Real KITTI frames, a shortened form of configs/kitti_mini.yaml: the check, a training that learns,
# a teacher that sees LiDAR depth, a distillation on the frames that have LiDAR, and scores.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"
shared data/kitti_mini
set=$shared
config=$MKD_SOURCE_DIR/configs/kitti_mini.yaml

small() {
    run monokd train "$config" data.root="$set" model.width_px=320 model.height_px=96 \
        train.batch_size=3 train.eval_every=100 train.log_every=3 "$@"
}

# the mean loss of a log line
loss() {
    sed -n "$2p" "runs/$1/log.jsonl" | sed 's/.*"loss": \([0-9.]*\),.*/\1/'
}

run monokd data check "$set" --split train
expect_code 0
grep -q '^26 frames, 0 errors, ' "$work/out" || fail "the real frames do not pass the check"

small train.run=runs/plain train.epochs=4
expect_code 0
first=$(loss plain 1)
last=$(sed -n '$p' runs/plain/log.jsonl | sed 's/.*"loss": \([0-9.]*\),.*/\1/')
awk -v a="$first" -v b="$last" 'BEGIN {exit !(b < 0.7 * a)}' ||
    fail "the loss went from $first to $last"

# evaluation of the frames that were held back; the files score alike alone
run monokd eval runs/plain eval.split=val model.score_threshold=0.05
expect_code 0
[ "$(find runs/plain/detections/val -type f | wc -l)" -eq 11 ] || fail "not eleven frames"
run monokd score runs/plain/detections/val "$set/training/label_2" --frames "$set/ImageSets/val.txt" --json
expect_code 0
grep -qF "$(cat "$work/out")" runs/plain/metrics_val.json || fail "score and eval differ"

lidar="data.train_split=train_lidar data.val_split=train_lidar train.epochs=2"
# shellcheck disable=SC2086 # a list of overrides
small train.run=runs/teacher model.sees=depth $lidar
expect_code 0
# shellcheck disable=SC2086
small train.run=runs/distilled distill.method=monoskd teacher.run=runs/teacher $lidar
expect_code 0
grep -q '"spearman": ' runs/distilled/log.jsonl || fail "no loss of the method was logged"
