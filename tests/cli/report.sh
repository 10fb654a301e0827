#!/bin/sh
# `monokd report`: the page, its place, the table by role and seed, and bad input.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/cli/tiny.sh
. "$(dirname "$0")/tiny.sh"

train_tiny teacher model.sees=depth
train_tiny plain
train_tiny distilled distill.method=fitnet teacher.run=runs/teacher

run monokd report runs/teacher runs/plain runs/distilled
expect_code 0
sed -n 1,3p "$work/out" | sed 's/  */ /g' >first_lines
expect_same first_lines lines <<END
runs/report.html: 3 runs

metric teacher plain distilled (fitnet) distilled (fitnet) - plain
END
for text in '<svg' 'data:image/jpeg;base64,' 'Precision and recall' 'Frame 000004' 'heatmap' \
    'distilled (fitnet)' 'head_channels: 8'; do
    grep -qF "$text" runs/report.html || fail "the page holds no $text"
done
grep -qE '(src|href)="?http' runs/report.html && fail "the page loads something from elsewhere"

# made figures: the table says mean, deviation and paired difference
score() {
    mkdir -p "made/$1"
    sed "s/^  seed: .*/  seed: $2/" "runs/$3/config.yaml" >"made/$1/config.yaml"
    printf '{"step": 1, "epoch": 1, "metrics": {"car/3d/loose/R40/moderate": %s, "depth_error/car/mean_abs_m": %s}}\n' \
        "$4" "$5" >"made/$1/eval.jsonl"
}
score p0 0 plain 20 1.5
score p1 1 plain 24 1.25
score d0 0 distilled 23 1.25
score d1 1 distilled 29 1.125
score t 0 teacher 60 0.5
run monokd report made/d1 made/p0 made/t made/d0 made/p1 --table
expect_code 0
expect_err </dev/null
expect_out <<END
metric                              teacher          plain  distilled (fitnet)  distilled (fitnet) - plain
----------------------------------------------------------------------------------------------------------
seeds                                     1              2                   2                           2
----------------------------------------------------------------------------------------------------------
AP3D R40 Car moderate IoU 0.5, % ↑    60.00   22.00 ± 2.83        26.00 ± 4.24                +4.00 ± 1.41
AP3D R40 Car moderate IoU 0.7, % ↑        -              -                   -                           -
BEV R40 Car moderate IoU 0.5, % ↑         -              -                   -                           -
BEV R40 Car moderate IoU 0.7, % ↑         -              -                   -                           -
depth error of matched cars, m ↓      0.500  1.375 ± 0.177       1.188 ± 0.088              -0.188 ± 0.088
END
# a run that detected nothing counts as 0, and has no depth error
mkdir made/p2
sed "s/^  seed: .*/  seed: 2/" runs/plain/config.yaml >made/p2/config.yaml
echo '{"step": 1, "epoch": 1, "metrics": {}}' >made/p2/eval.jsonl
run monokd report made/p0 made/p1 made/p2 --table
grep -q '^AP3D R40 Car moderate IoU 0.5, % .* 14.67 ± 12.86$' "$work/out" || fail "a run without detections is left out"
grep -q '^depth error of matched cars, m .* 1.375 ± 0.177$' "$work/out" || fail "a depth error of nothing"
[ ! -e made/report.html ] || fail "--table wrote a page"

# without detections or data set: curves of the logs, and a word on what is missing
run monokd report made/p0 made/p1 -o page.html
expect_code 0
grep -q '^page.html: 2 runs$' "$work/out" || fail "the page is elsewhere"
expect_err_has "warning: made/p0: no curves and pictures: made/p0/detections/val: found no detections; \`monokd eval\` writes them"
run monokd report runs/plain data.root=nowhere -o page.html
expect_code 0
expect_err_has "warning: runs/plain: no curves and pictures: nowhere: found no such folder"

# runs of different folders meet in the folder above both
mkdir -p far/deep
cp -r made/p0 far/deep/p0
run monokd report made/p0 far/deep/p0/
expect_code 0
[ -s report.html ] || fail "the page is not in the common folder"

run monokd report
expect_code 2
expect_err <<END
monokd: report: found no run folder, expected RUN... [KEY=VALUE ...]
END
run monokd report runs/none
expect_code 1
expect_err <<END
monokd: runs/none: there is no such run folder
END
echo '{"step": 1, "epoch": one}' >made/p0/eval.jsonl
run monokd report made/p0
expect_code 1
expect_err <<END
monokd: made/p0/eval.jsonl:1: found invalid token near 'one', expected a JSON object
END
