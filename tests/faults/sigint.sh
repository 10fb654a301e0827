#!/bin/sh
# SIGINT and SIGTERM: the work so far is saved, the message says how to go on, the exit status is
# 130, and going on gives the same bytes as nothing happening.
# shellcheck source=tests/faults/lib.sh
. "$(dirname "$0")/lib.sh"

# interrupt SIGNAL CONDITION COMMAND...: runs it, signals it once CONDITION (a shell command) holds.
# Sets $interrupted: on a busy machine the command may end before this shell sees the condition.
interrupt() {
    signal=$1 condition=$2
    shift 2
    last_command=$*
    "$@" >"$work/out" 2>"$work/err" &
    process=$!
    until eval "$condition"; do
        is_running "$process" || break
    done
    kill "-$signal" "$process" 2>/dev/null
    code=0
    wait "$process" 2>/dev/null || code=$?
    interrupted=true
    [ "$code" = 130 ] || interrupted=false
    $interrupted || expect_code 0
}

# step $1 of run $2 was made, by the process that is running: it listens to signals by then
training_is_at() {
    grep -qs "^train: " "$work/err" && grep -qs "^{\"step\": $1," "$2/log.jsonl"
}

# the last line of the messages, behind those of progress
expect_last_err() {
    tail -n 1 "$work/err" | grep -qx "$1" || fail "the last message is not: $1"
}

finish() {
    run monokd train c.yaml "train.run=$1"
    expect_code 0
    check_steps "$1" 20
    same_training whole "$1"
}

make_set set
make_config
run monokd train c.yaml train.run=whole
expect_code 0

# at the first step, in the middle, at the end of an epoch; a training that ended too early is
# followed by another one
for signal in INT TERM; do
    n=0
    for round in 1 2 3 4 5 6 7 8 9 10; do
        for step in 1 8 14; do
            interrupt "$signal" "training_is_at $step run$signal$round" \
                "$MKD_BIN" train c.yaml "train.run=run$signal$round"
            $interrupted || break
            n=$((n + 1))
            expect_last_err "monokd: stopped .*after step [0-9]*; the same command goes on from there (run$signal$round)"
            no_temporaries "run$signal$round"
        done
        finish "run$signal$round"
        [ "$n" -lt 3 ] || break
    done
    [ "$n" -ge 3 ] || fail "only $n trainings saw SIG$signal"
done

# saved although no interval is over: nothing is done twice
sed -i 's/checkpoint_every_s: .*/checkpoint_every_s: 1000/; s/eval_every: .*/eval_every: 100/' c.yaml
for round in 1 2 3 4 5 6 7 8 9 10; do
    late=late$round
    interrupt INT "training_is_at 3 $late" "$MKD_BIN" train c.yaml "train.run=$late"
    ! $interrupted || break
done
$interrupted || fail "no training saw SIGINT"
step=$(sed -n 's/.*after step \([0-9]*\);.*/\1/p' "$work/err")
run monokd train c.yaml "train.run=$late"
expect_code 0
[ "$step" = 20 ] || expect_err_has "$late: resuming after step $step "
check_steps "$late" 20
cmp whole/model.safetensors "$late/model.safetensors" || fail "the weights differ"

# an evaluation: nothing is saved, the files of the last one stay as they are. With one frame at a
# time over 200 frames it lasts long enough
cp -r set many
for id in $(seq 1000 1199); do
    for file in image_2/@.png calib/@.txt label_2/@.txt; do
        ln -s "000008.${file#*.}" "many/training/${file%@*}00$id.${file#*.}"
    done
    echo "00$id"
done >many/ImageSets/long.txt
run monokd eval whole
expect_code 0
cp -r whole/detections before
for round in 1 2 3 4 5 6 7 8 9 10; do
    rm -rf whole/detections/long whole/metrics_long.json
    interrupt INT "grep -qs '^evaluate: ' '$work/err'" \
        "$MKD_BIN" eval whole data.root=many eval.split=long eval.batch_size=1
    ! $interrupted || break
done
$interrupted || fail "no evaluation saw SIGINT"
expect_last_err "monokd: evaluation stopped after [0-9]* of 200 frames; the same command starts it again"
diff -r before whole/detections || fail "an interrupted evaluation left files"
[ ! -e whole/metrics_long.json ] || fail "an interrupted evaluation left figures"

# a data set
for round in 1 2 3 4 5 6 7 8 9 10; do
    part=part$round
    interrupt INT "[ -e $part/training/label_2/000001.txt ]" \
        "$MKD_BIN" data synth "$part" frames=12 width_px=128 height_px=64 beams=8 columns=128 \
        min_cars=2 max_cars=4 max_depth_m=25 max_pedestrians=0 max_cyclists=0 slope=false \
        validation_share=0.34 threads=1
    ! $interrupted || break
done
$interrupted || fail "no data synth saw SIGINT"
expect_last_err "monokd: synth: stopped at frame [0-9]* of 12; the same command goes on from there"
no_temporaries "$part"
make_set "$part"
diff -r -x .synth.lock set "$part" || fail "the data set differs"
