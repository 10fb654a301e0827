#!/bin/sh
# `monokd score`: a small set by hand, its table and JSON, and what is said about bad input.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

mkdir det label
car='Car 0.00 0 -1.50 100 150 180 210 1.5 1.6 4.0 0 1.6 20 -1.5'
# 000000 is found, 000001 is not, 000002 has a false car that no DontCare covers on the ground
echo "$car" >label/000000.txt
echo "$car" >label/000001.txt
printf '%s\n%s\n' "$car" 'DontCare -1 -1 -10 400 150 500 210 -1 -1 -1 -1000 -1000 -1000 -10' >label/000002.txt
echo "$car 0.9" >det/000000.txt
: >det/000001.txt
printf '%s\n%s\n' "$car 0.7" \
    'Car -1 -1 -1.50 400 150 500 210 1.5 1.6 4.0 10 1.6 20 -1.5 0.8' >det/000002.txt

run monokd score det label
expect_code 0
expect_err </dev/null
expect_out <<END
AP R40, percent,      3 frames          easy    moderate        hard
Car         ground truth               3           3           3
            bbox  IoU > 0.70      2.5000      2.5000      2.5000
            aos   IoU > 0.70      2.5000      2.5000      2.5000
            bev   IoU > 0.70      1.6667      1.6667      1.6667
            3d    IoU > 0.70      1.6667      1.6667      1.6667
            bev   IoU > 0.50      1.6667      1.6667      1.6667
            3d    IoU > 0.50      1.6667      1.6667      1.6667
Pedestrian  ground truth               0           0           0
            no detection, no number
Cyclist     ground truth               0           0           0
            no detection, no number
A class with n < 41 objects of ground truth cannot reach 100: its curve has at most n of 41 samples.
END

run monokd score det label --metric R11
expect_code 0
head -n 3 "$work/out" >first_lines
expect_same first_lines table <<END
AP R11, percent,      3 frames          easy    moderate        hard
Car         ground truth               3           3           3
            bbox  IoU > 0.70      9.0909      9.0909      9.0909
END

# frames of a list alone, in a file with CRLF and blank lines
printf '000001\r\n\r\n000000' >ids.txt
run monokd score --json --frames ids.txt det label
expect_code 0
one='{"R11": [9.0909090909090917, 9.0909090909090917, 9.0909090909090917], "R40": [0, 0, 0]}'
all="{\"car\": {\"bbox\": $one, \"aos\": $one, \"bev\": $one, \"3d\": $one}}"
expect_out <<END
{"frames": 2, "results": {"strict": $all, "loose": $all}}
END

# a missing file of detections is an error unless it is said to be none
rm det/000001.txt
run monokd score det label
expect_code 1
expect_out </dev/null
expect_err <<END
monokd: det/000001.txt: found no detection file, expected one for every frame (--frames lists the frames to score, --missing-as-empty takes it as no detection)
END
run monokd score det label --missing-as-empty --metric=R40
expect_code 0
: >det/000001.txt

# a label has no score, a detection needs one
run monokd score label det
expect_code 1
expect_err_has "monokd: det/000000.txt:1: "

echo "$car nan" >det/000001.txt
run monokd score det label
expect_code 1
expect_out </dev/null
expect_err_has "monokd: det/000001.txt:1: score: "

echo 000009 >ids.txt
run monokd score det label --frames ids.txt
expect_code 1
expect_err <<END
monokd: label/000009.txt: found no label file, expected one for every frame
END

: >ids.txt
run monokd score det label --frames ids.txt
expect_code 1
expect_out </dev/null

run monokd score det label --frames none.txt
expect_code 1
expect_err_has none.txt

run monokd score nowhere label
expect_code 1
expect_err <<END
monokd: nowhere: found no folder of that name
END

mkdir empty
run monokd score det empty
expect_code 1
expect_err <<END
monokd: empty: found no file *.txt, expected one a frame
END

run monokd score det
expect_code 2
expect_err <<END
monokd: score: found 1 argument, expected 2: DETECTIONS LABELS
END

run monokd score det label --metric R41
expect_code 2
expect_err <<END
monokd: score: --metric: found 'R41', expected R40 or R11
END

run monokd help score
expect_code 0
expect_out <<END
usage: monokd score DETECTIONS LABELS [OPTION...]

score KITTI-format results against labels

  --frames IDS.txt         score these frames, one id a line (default: every file of LABELS)
  --metric R40|R11         recall samples of the table (default: R40)
  --json                   print one JSON object with everything, full precision
  --missing-as-empty       take a missing detection file as a frame without detections
END
