# Sourced by the scripts of tests/faults. Gives what tests/cli/lib.sh has, and a training of a second:
#
#     make_set FOLDER [KEY=VALUE...]   a synthetic data set of 12 small frames
#     make_config                      c.yaml, a training on the folder `set`
#     check_steps RUN N                log.jsonl holds the steps 1 to N, each once
#     same_training RUN RUN            equal weights, checkpoints, losses and figures
#     expect_message <<END             beside progress, its messages were exactly this
#     no_temporaries FOLDER            no file of an unfinished write is left below it
#     is_running PROCESS               a child of the script
#     milliseconds                     of a clock
#     random_numbers N LOW HIGH        whole numbers, the same at every call of a script
# shellcheck shell=sh

# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/../cli/lib.sh"

# computing threads that wait for each other on few CPUs take longer than the work
export OMP_NUM_THREADS=1

# shellcheck disable=SC2154 # set by tests/cli/lib.sh
make_set() {
    run monokd data synth "$@" frames=12 width_px=128 height_px=64 beams=8 columns=128 \
        min_cars=2 max_cars=4 max_depth_m=25 max_pedestrians=0 max_cyclists=0 slope=false \
        validation_share=0.34 threads=1
    expect_code 0
}

make_config() {
    cat >c.yaml <<END
data:
  root: set
  workers: 1
model:
  backbone: lite
  width_px: 128
  height_px: 64
  classes: [Car]
  min_box_height_px: 4
detector:
  centernet3d:
    head_channels: 8
train:
  epochs: 5
  batch_size: 2
  eval_every: 1
  log_every: 1
  threads: 1
  checkpoint_every_s: 0
END
}

check_steps() {
    seq 1 "$2" >"$work/expected_steps"
    sed 's/^{"step": \([0-9]*\), .*}$/\1/' "$1/log.jsonl" >"$work/found_steps"
    cmp -s "$work/expected_steps" "$work/found_steps" ||
        fail "$1/log.jsonl: not the steps 1 to $2: $(tr '\n' ' ' <"$work/found_steps")"
}

# a log without what depends on the clock
timeless() {
    sed 's/"images_per_s": [^,}]*//' "$1"
}

same_training() {
    for file in model.safetensors checkpoint.safetensors; do
        cmp "$1/$file" "$2/$file" || fail "$1 and $2 differ in $file"
    done
    for file in log.jsonl eval.jsonl; do
        timeless "$1/$file" >"$work/a"
        timeless "$2/$file" >"$work/b"
        diff "$work/a" "$work/b" || fail "$1 and $2 differ in $file"
    done
}

# those of progress and of resuming stand before the error
expect_message() {
    cat >"$work/expected"
    grep -v -e '^train: ' -e '^evaluate: ' -e '^data synth: ' -e ': resuming after ' "$work/err" >"$work/last"
    diff -u "$work/expected" "$work/last" || fail "another message than expected (- expected, + found)"
}

no_temporaries() {
    left=$(find "$1" -name '.*.tmp-*')
    [ -z "$left" ] || fail "temporary files are left: $left"
}

# process $1, a child of this shell, has not ended
is_running() {
    state=Z
    [ ! -e "/proc/$1/stat" ] || read -r _ _ state _ <"/proc/$1/stat"
    [ "$state" != Z ]
}

milliseconds() {
    echo $(($(date +%s%N) / 1000000))
}

random_numbers() {
    awk -v n="$1" -v low="$2" -v high="$3" 'BEGIN {
        srand(7)
        for (i = 0; i < n; i++) print low + int(rand() * (high - low + 1))
    }'
}

# of milliseconds; what sleep takes
seconds() {
    printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000))
}
