#!/bin/sh
# `monokd eval`: what it writes and prints, that others score its files alike, and bad input.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/cli/tiny.sh
. "$(dirname "$0")/tiny.sh"

train_tiny a

# the end of a training leaves its detections
[ "$(ls runs/a/detections/val)" = "$(sed 's/$/.txt/' street/ImageSets/val.txt)" ] ||
    fail "the training left no detections of every frame"
cp -r runs/a/detections/val trained

run monokd eval runs/a
expect_code 0
grep -q '^Car  *ground truth' "$work/out" || fail "no table of average precision"
grep -q '^depth error of matched objects' "$work/out" || fail "no depth errors"
grep -q '^runs/a/detections/val: 2 frames, [0-9.]* images/s$' "$work/out" || fail "no closing line"
diff -r trained runs/a/detections/val || fail "eval and train found other things"
[ -s runs/a/detections/val/000004.txt ] || fail "nothing was detected: this test says nothing"

# anybody's scorer of the files sees what the numbers in memory gave
run monokd score runs/a/detections/val street/training/label_2 --frames street/ImageSets/val.txt --json
expect_code 0
grep -qF "$(cat "$work/out")" runs/a/metrics_val.json || fail "monokd score gives other figures than monokd eval"
grep -q '^{"split": "val", "frames": 2, ' runs/a/metrics_val.json || fail "metrics_val.json begins otherwise"

# another split, and a list that is a path
run monokd eval runs/a eval.split=train
expect_code 0
[ "$(find runs/a/detections/train -type f | wc -l)" -eq 4 ] || fail "not four frames"
[ -s runs/a/metrics_train.json ] || fail "no metrics of the split"
echo 000003 >third.txt
run monokd eval runs/a eval.split="$PWD/third.txt"
expect_code 0
cmp runs/a/detections/third/000003.txt runs/a/detections/train/000003.txt || fail "the batch changes what is seen"

# a distilled run needs neither its teacher nor its method
train_tiny teacher model.sees=depth
train_tiny distilled distill.method=fitnet teacher.run=runs/teacher
mv runs/teacher elsewhere
run monokd eval runs/distilled
expect_code 0

# what is wrong is said in one line
run monokd eval
expect_code 2
expect_err <<END
monokd: eval: found no run folder, expected RUN [KEY=VALUE ...]
END
run monokd eval runs/a val
expect_code 2
expect_err <<END
monokd: found 'val', expected KEY=VALUE
END
run monokd eval runs/b
expect_code 1
expect_err <<END
monokd: runs/b: there is no such run folder
END
run monokd eval runs
expect_code 1
expect_err <<END
monokd: runs: found no config.yaml, expected a run folder
END
run monokd eval runs/a eval.splt=train
expect_code 1
expect_err <<END
monokd: command line: found the unknown key eval.splt, did you mean eval.split?
END
run monokd eval runs/a eval.batch_size=many
expect_code 1
expect_err <<END
monokd: command line: eval.batch_size: found 'many', expected an integer from 1 to 1024
END
run monokd eval runs/a data.root=nowhere
expect_code 1
expect_err <<END
monokd: nowhere: found no such folder, expected a data set in KITTI's layout
END
mkdir runs/untrained
cp runs/a/config.yaml runs/untrained
run monokd eval runs/untrained
expect_code 1
expect_err <<END
monokd: runs/untrained has neither model.safetensors nor checkpoint.safetensors: nothing was trained yet
END
run monokd eval runs/a detector.centernet3d.head_channels=16
expect_code 1
expect_out </dev/null
expect_err_has "runs/a/model.safetensors: "
head -c 1000 runs/a/model.safetensors >runs/untrained/model.safetensors
run monokd eval runs/untrained
expect_code 1
expect_err_has "monokd: runs/untrained/model.safetensors: "
