#!/bin/sh
# kill -9 at 20 random moments of a training, at the end of an epoch (checkpoint, evaluation) and
# of `data synth`: going on each time gives the same bytes as nothing happening.
# shellcheck source=tests/faults/lib.sh
. "$(dirname "$0")/lib.sh"

# kill_after MILLISECONDS COMMAND...: sets $was_killed
kill_after() {
    after=$1
    shift
    last_command=$*
    "$@" >"$work/out" 2>"$work/err" &
    process=$!
    sleep "$(seconds "$after")"
    was_killed=true
    kill -9 "$process" 2>/dev/null || was_killed=false
    code=0
    wait "$process" 2>/dev/null || code=$?
    [ "$code" = 137 ] || was_killed=false
    $was_killed || expect_code 0
}

# --- a data set -----------------------------------------------------------------------------------

start=$(milliseconds)
make_set set
took=$(($(milliseconds) - start))
n=0
for after in $(random_numbers 12 0 $((took / 3))); do
    # the options of make_set, through a file: only the program itself can be killed
    kill_after "$after" "$MKD_BIN" data synth killed frames=12 width_px=128 height_px=64 beams=8 \
        columns=128 min_cars=2 max_cars=4 max_depth_m=25 max_pedestrians=0 max_cyclists=0 \
        slope=false validation_share=0.34 threads=1
    ! $was_killed || n=$((n + 1))
done
make_set killed
no_temporaries killed
diff -r -x .synth.lock set killed || fail "a data set differs after $n kills"
echo "data synth: $n kills"

# --- a training -----------------------------------------------------------------------------------

make_config
start=$(milliseconds)
run monokd train c.yaml train.run=whole
expect_code 0
took=$(($(milliseconds) - start))
check_steps whole 20
[ "$(wc -l <whole/eval.jsonl)" -eq 5 ] || fail "not five evaluations"

# how long a start takes: a finished training does little more
start=$(milliseconds)
run monokd train c.yaml train.run=whole
expect_code 0
expect_out <<END
whole: finished before, 20 steps
END
starting=$(($(milliseconds) - start))

finish() {
    run monokd train c.yaml "train.run=$1"
    expect_code 0
    check_steps "$1" 20
    same_training whole "$1"
    no_temporaries "$1"
}

# a training that ends before its share of the kills is followed by another one
n=0 round=1 in_checkpoint=0
random_numbers 400 $((starting / 2)) $((starting + (took - starting) / 6)) >delays
while [ "$n" -lt 20 ]; do
    read -r after <&3 || fail "only $n kills in 400 starts"
    kill_after "$after" "$MKD_BIN" train c.yaml "train.run=killed$round"
    if $was_killed; then
        n=$((n + 1))
        [ -z "$(find "killed$round" -name '.checkpoint*.tmp-*' 2>/dev/null)" ] ||
            in_checkpoint=$((in_checkpoint + 1))
    else
        finish "killed$round"
        round=$((round + 1))
    fi
done 3<delays
[ ! -d "killed$round" ] || finish "killed$round"
echo "train: $n kills, $in_checkpoint of them while a checkpoint was written, $round trainings"

# --- at chosen moments ----------------------------------------------------------------------------

# kill_when CONDITION... : starts the training $run, kills it once the condition holds (or finds that
# it ended before, on a busy machine)
kill_when() {
    last_command="train.run=$run, killed when $*"
    "$MKD_BIN" train c.yaml "train.run=$run" >"$work/out" 2>"$work/err" &
    process=$!
    until "$@"; do
        is_running "$process" || break
    done
    sleep "$pause"
    kill -9 "$process" 2>/dev/null
    wait "$process" 2>/dev/null
}

# conditions without a further process, which would be too slow

is_after_step() {
    [ -e "$run/log.jsonl" ] || return 1
    while read -r line; do
        case $line in
            "{\"step\": $1, "*"}") return 0 ;;
        esac
    done <"$run/log.jsonl"
    return 1
}

is_writing_checkpoint() {
    for file in "$run"/.checkpoint.safetensors.tmp-*; do
        [ ! -s "$file" ] || [ "$file" = "$last_temporary" ] || return 0
    done
    return 1
}

# the ends of epochs: checkpoint, then evaluation
run=epochs n=0
for step in 4 8 12 16 20; do
    pause=0.0$((step * 2))
    kill_when is_after_step "$step"
    grep -qs "^{\"step\": $step," epochs/eval.jsonl || n=$((n + 1))
done
finish epochs
echo "train: 5 kills at the ends of epochs, $n of them before the evaluation was written"

run=checkpoints n=0 last_temporary='' pause=0
for _ in 1 2 3 4 5; do
    kill_when is_writing_checkpoint
    last_temporary=$(find checkpoints -name '.checkpoint*.tmp-*')
    [ -z "$last_temporary" ] || n=$((n + 1))
done
finish checkpoints
echo "train: 5 kills at checkpoints, $n of them before one was whole"
