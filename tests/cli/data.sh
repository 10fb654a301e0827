#!/bin/sh
# monokd data: synth and check from the command line.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

small="frames=3 width_px=128 height_px=40 beams=8 columns=128 max_cars=3"

# shellcheck disable=SC2086 # a list of options
run monokd data synth street $small
expect_code 0
expect_out <<END
street: 3 frames
END
[ "$(cat street/ImageSets/train.txt street/ImageSets/val.txt)" = "$(cat street/ImageSets/trainval.txt)" ] ||
    fail "train and val are not trainval"
[ "$(find street/training -type f | wc -l)" -eq 12 ] || fail "not four files a frame"

run monokd data check street
expect_code 0
expect_out <<END
3 frames, 0 errors, 0 warnings
END

# shellcheck disable=SC2086
run monokd data synth street $small seed=1
expect_code 1
expect_err <<END
monokd: street/synth.json: holds another data set: found "seed": 0, asked for "seed": 1; choose another folder or remove this one
END

run monokd data synth street frmes=3
expect_code 1
expect_err_has "did you mean synth.frames?"

run monokd data synth frames=3
expect_code 2
expect_err <<END
monokd: data synth: found no folder, expected ROOT [KEY=VALUE ...]
END

run monokd data synth street 3
expect_code 2
expect_err <<END
monokd: data synth: found '3', expected up to 64 KEY=VALUE
END

run monokd data synt street
expect_code 2
expect_err <<END
monokd: data: found 'synt', expected synth or check, did you mean 'synth'?
END

run monokd data check
expect_code 2
expect_err <<END
monokd: data check: found 0 folders, expected one
END

printf 'Car nonsense\n' >street/training/label_2/000001.txt
run monokd data check street
expect_code 1
grep -q 'label_2/000001.txt' "$work/out" || fail "the broken label is not named"
expect_err_has "street: found 1 errors, expected none"

run monokd data synth --help
expect_code 0
grep -q 'max_depth_m' "$work/out" || fail "the options are not listed"
