# Sourced by tests that need a trained run: a rendered data set `street` of a few small frames, a
# config tiny.yaml, and `train_tiny NAME [KEY=VALUE ...]`, which trains runs/NAME in about a second.
# shellcheck shell=sh disable=SC2154 # $work is of lib.sh

monokd data synth street frames=6 width_px=192 height_px=64 beams=16 columns=256 \
    >"$work/synth.out" 2>&1 || fail "no data set"

cat >tiny.yaml <<'END'
data:
  root: street
model:
  backbone: lite
  width_px: 96
  height_px: 32
  classes: [Car]
  min_box_height_px: 4
  score_threshold: 0.01
detector:
  centernet3d:
    head_channels: 8
train:
  epochs: 1
  batch_size: 2
  log_every: 1
END

train_tiny() {
    name=$1
    shift
    monokd train tiny.yaml "train.run=runs/$name" "$@" >"$work/train.out" 2>&1 ||
        fail "training $name: $(tail -n 1 "$work/train.out")"
}
