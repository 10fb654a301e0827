#!/bin/sh
# A full disk, and a limit on file sizes: one line says which file could not be written and why, what
# was there before stays whole, and once there is room the same command goes on to the same bytes.
# shellcheck source=tests/faults/lib.sh
. "$(dirname "$0")/lib.sh"

make_set set
make_config
run monokd train c.yaml train.run=whole
expect_code 0
checkpoint_kib=$(($(wc -c <whole/checkpoint.safetensors) / 1024))

# --- no file may be larger than half a checkpoint -------------------------------------------------

limited() {
    (
        ulimit -f "$(($1 * 2))" # in blocks of 512 bytes
        shift
        monokd "$@"
    )
}

run limited $((checkpoint_kib / 2)) train c.yaml train.run=limited
expect_code 1
expect_message <<END
monokd: limited/checkpoint.safetensors: cannot write: File too large
END
no_temporaries limited
[ ! -e limited/checkpoint.safetensors ] || fail "half a checkpoint was left"
run monokd train c.yaml train.run=limited
expect_code 0
check_steps limited 20
same_training whole limited

# --- a disk that holds one checkpoint, not two ----------------------------------------------------

mkdir disk
mount -t tmpfs -o "size=$((checkpoint_kib * 3 / 2))k" tmpfs disk 2>/dev/null ||
    skip "cannot mount a small tmpfs: the full disk was not tried, the size limit passed"
trap 'umount "$work/folder/disk"; rm -rf "$work"' EXIT

run monokd train c.yaml train.run=disk/run
expect_code 1
expect_message <<END
monokd: disk/run/checkpoint.safetensors: cannot write: No space left on device
END
no_temporaries disk
cp disk/run/checkpoint.safetensors before

# again, now with the last byte taken: not even the config fits
cat /dev/zero >disk/filler 2>/dev/null
run monokd train c.yaml train.run=disk/run
expect_code 1
expect_message <<END
monokd: disk/run/config.yaml: cannot write: No space left on device
END
cmp before disk/run/checkpoint.safetensors || fail "the checkpoint was touched"
no_temporaries disk

# the log grows by a page at a time; whatever fits, no line of it is ever cut
rm disk/filler
run monokd train c.yaml train.run=disk/run train.checkpoint_every_s=1000 train.eval_every=100 \
    train.epochs=5
expect_code 1
expect_message <<END
monokd: disk/run/checkpoint.safetensors: cannot write: No space left on device
END
[ "$(grep -c '^{"step": [0-9]*, .*}}$' disk/run/log.jsonl)" -eq "$(wc -l <disk/run/log.jsonl)" ] ||
    fail "the log holds a line that is not whole"
cmp before disk/run/checkpoint.safetensors || fail "the checkpoint was touched"

# a line that was cut by a crash, and one from after the checkpoint: both go when it resumes
printf '{"step": 4711, "epoch": 1}\n{"step": 47' >>disk/run/log.jsonl
printf '{"step": 4' >>disk/run/eval.jsonl
mount -o "remount,size=$((checkpoint_kib * 8))k" disk || fail "cannot enlarge the tmpfs"
run monokd train c.yaml train.run=disk/run
expect_code 0
expect_err_has "disk/run: resuming after step "
check_steps disk/run 20
same_training whole disk/run

# --- data synth -----------------------------------------------------------------------------------

mount -o "remount,size=$(($(du -sk disk | cut -f 1) + 100))k" disk || fail "cannot shrink the tmpfs"
run monokd data synth disk/set frames=12 width_px=128 height_px=64 beams=8 columns=128 \
    min_cars=2 max_cars=4 max_depth_m=25 max_pedestrians=0 max_cyclists=0 slope=false \
    validation_share=0.34 threads=1
expect_code 1
tail -n 1 "$work/err" | grep -qx "monokd: disk/set/.*: cannot write: No space left on device" ||
    fail "not one line about the full disk"
no_temporaries disk/set
mount -o "remount,size=$((checkpoint_kib * 8))k" disk || fail "cannot enlarge the tmpfs"
make_set disk/set
diff -r -x .synth.lock set disk/set || fail "the data set differs"
