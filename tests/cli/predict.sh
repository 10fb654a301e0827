#!/bin/sh
# `monokd predict`: text, JSON and pictures, cameras, and bad input.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/cli/tiny.sh
. "$(dirname "$0")/tiny.sh"

train_tiny a
images=street/training/image_2
calib=street/training/calib

# the same camera, the same objects as eval's, rounded
run monokd predict runs/a $images/000004.png --calib $calib/000004.txt
expect_code 0
expect_err </dev/null
[ "$(wc -l <"$work/out")" -eq "$(wc -l <runs/a/detections/val/000004.txt)" ] || fail "other objects than eval's"
awk 'NF != 16 { exit 1 }' "$work/out" || fail "not 16 fields"
for column in 13 14 16; do
    awk -v c=$column '{ printf "%.3f\n", $c }' "$work/out" >found
    awk -v c=$column '{ printf "%.4f\n", $c }' runs/a/detections/val/000004.txt |
        awk '{ printf "%.3f\n", $1 }' >expected
    cmp found expected || fail "column $column differs from eval's"
done

run monokd predict runs/a $images/000004.png
expect_code 0
expect_err <<END
warning: no --calib: taking a camera like KITTI's, focal length 111.5 px; all depths scale with it
END

run monokd predict runs/a $images/000004.png $images/000005.png --calib $calib
expect_code 0
grep '^#' "$work/out" >heads
expect_same heads lines <<END
# $images/000004.png
# $images/000005.png
END

run monokd predict runs/a $images/000004.png $images/000005.png --calib $calib --json --out seen
expect_code 0
[ "$(wc -l <"$work/out")" -eq 2 ] || fail "not a line an image"
grep -q '^{"image": "street/training/image_2/000004.png", "objects": \[{"type": "Car", "score": ' "$work/out" ||
    fail "another JSON line"
ls seen >list
expect_same list files <<END
000004.png
000004.txt
000005.png
000005.txt
END

run monokd predict runs/a $images/000004.png --calib $calib --score 1
expect_code 0
expect_out </dev/null

train_tiny teacher model.sees=depth
run monokd predict runs/teacher $images/000004.png
expect_code 1
expect_err <<END
monokd: runs/teacher: found a network that sees depth, expected one that sees images; it needs LiDAR points: \`monokd eval\` runs it on a data set
END

run monokd predict runs/a
expect_code 2
expect_err <<END
monokd: predict: found no image, expected RUN IMAGE...
END
run monokd predict runs/a none.png
expect_code 1
expect_err <<END
monokd: none.png: cannot open: No such file or directory
END
echo text >text.png
run monokd predict runs/a text.png
expect_code 1
expect_err_has "monokd: text.png: "
run monokd predict runs/a $images/000004.png --calib none
expect_code 1
expect_err <<END
monokd: none: cannot open: No such file or directory
END
run monokd predict runs/a $images/000004.png --score high
expect_code 2
expect_err <<END
monokd: predict: --score: found 'high', expected a number from 0 to 1
END
mkdir other
cp $images/000004.png other/000004.png
run monokd predict runs/a $images/000004.png other/000004.png --out seen
expect_code 1
expect_err <<END
monokd: $images/000004.png and other/000004.png: found two images that would both be written as seen/000004.png, expected distinct names
END
