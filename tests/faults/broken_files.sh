#!/bin/sh
# Files that are cut, garbled or missing, and configs that cannot be: one line says where, what was
# found and what was expected, the exit status is 1, and nothing half-read is ever trained on.
# shellcheck source=tests/faults/lib.sh
. "$(dirname "$0")/lib.sh"

make_set good_set
make_config
sed -i 's/epochs: 5/epochs: 2/' c.yaml
ln -s good_set set
run monokd train c.yaml train.run=good
expect_code 0
rm set

# a fresh data set and run folder; then what is named is to be broken
fresh() {
    rm -rf set run
    cp -r good_set set
    cp -r good run
}

cut_to() {
    head -c "$2" "$1" >"$work/head"
    cp "$work/head" "$1"
}

# training from the start must fail with the message on standard input, and learn nothing
refuses() {
    rm -rf run
    run monokd train c.yaml train.run=run train.epochs=1 "$@"
    expect_code 1
    expect_out </dev/null
    expect_message
    [ ! -e run/model.safetensors ] || fail "a network was trained"
}

# going on in the run folder must fail, and leave its file $1 as it is
refuses_to_go_on() {
    cp "$1" "$work/before"
    run monokd train c.yaml train.run=run
    expect_code 1
    expect_out </dev/null
    expect_message
    cmp "$work/before" "$1" || fail "$1 was touched"
}

# --- frames ---------------------------------------------------------------------------------------

frame=set/training
size=$(wc -c <good_set/training/image_2/000002.png)

for cut in 1000 $((size - 3)); do
    fresh
    cut_to $frame/image_2/000002.png "$cut"
    refuses <<END
monokd: frame 000002: $frame/image_2/000002.png: truncated PNG: $cut bytes end before the end chunk
END
done

fresh
: >$frame/image_2/000002.png
refuses <<END
monokd: frame 000002: $frame/image_2/000002.png: found neither PNG nor JPEG
END

fresh
cut_to $frame/velodyne/000002.bin 1000
refuses model.sees=depth <<END
monokd: frame 000002: $frame/velodyne/000002.bin: found 1000 bytes, expected a multiple of 16 (x y z r as f32)
END

fresh
cut_to $frame/calib/000002.txt 500
refuses <<END
monokd: frame 000002: $frame/calib/000002.txt:3: P2: found 2 numbers, expected 12
END

fresh
sed -i '/^Tr_velo/d' $frame/calib/000002.txt
refuses <<END
monokd: frame 000002: $frame/calib/000002.txt: Tr_velo_to_cam: found no such line, expected it with 12 numbers
END

fresh
echo 'Car 0.00 0 1.85 40.92 30.49' >$frame/label_2/000002.txt
refuses <<END
monokd: frame 000002: $frame/label_2/000002.txt:1: fields: found 6, expected 15
END

fresh
sed -i '1s/[^ ]*$/nan/' $frame/label_2/000002.txt
refuses <<END
monokd: frame 000002: $frame/label_2/000002.txt:1: rotation_y: found nan, expected a finite number
END

fresh
rm $frame/label_2/000002.txt
refuses <<END
monokd: frame 000002: $frame/label_2/000002.txt: cannot open: No such file or directory
END

# a stored depth map of another size than the image, and one that is none: 16-bit gray, 1 x 1 px
fresh
mkdir $frame/depth_2
{
    printf '\211PNG\r\n\032\n'
    printf '\000\000\000\015IHDR\000\000\000\001\000\000\000\001\020\000\000\000\000\152\356\107\026'
    printf '\000\000\000\013IDAT\170\234\143\140\140\000\000\000\003\000\001\270\255\072\143'
    printf '\000\000\000\000IEND\256\102\140\202'
} >$frame/depth_2/000002.png
refuses model.sees=depth <<END
monokd: frame 000002: $frame/depth_2/000002.png: found 1 x 1 px, expected the image's 128 x 64, or up to a tenth less
END
cp $frame/image_2/000002.png $frame/depth_2/000002.png
refuses model.sees=depth <<END
monokd: frame 000002: $frame/depth_2/000002.png: found 8-bit color PNG, expected 16-bit gray
END

# images of several sizes in one set, as in KITTI, are no fault
fresh
make_set other width_px=160 height_px=80 seed=1
for kind in image_2 calib label_2; do
    for file in "other/training/$kind/000002".*; do
        cp "$file" "$frame/$kind"
    done
done
rm -rf run
run monokd train c.yaml train.run=run
expect_code 0

# --- splits ---------------------------------------------------------------------------------------

for split in train val; do
    fresh
    : >set/ImageSets/$split.txt
    refuses <<END
monokd: set: split "$split": found no frame, expected at least one
END
done

fresh
echo 000001 >set/ImageSets/train.txt
refuses <<END
monokd: set: split "train": found 1 frames, expected at least one batch: train.batch_size is 2
END

fresh
echo 000099 >>set/ImageSets/train.txt
refuses <<END
monokd: frame 000099: $frame/image_2/000099.png: cannot open: No such file or directory
END

rm set/ImageSets/train.txt
refuses <<END
monokd: set/ImageSets/train.txt: cannot open: No such file or directory
END

refuses data.root=nowhere <<END
monokd: nowhere: found no such folder, expected a data set in KITTI's layout
END

refuses data.root= <<END
monokd: data.root is empty: it must name the data set's folder
END

# --- configs --------------------------------------------------------------------------------------

fresh
refuses train.batch_size=many <<END
monokd: command line: train.batch_size: found 'many', expected an integer from 1 to 1024
END

refuses train.batchsize=2 <<END
monokd: command line: found the unknown key train.batchsize, did you mean train.batch_size?
END

config() {
    run monokd train d.yaml train.run=none
    expect_code 1
    expect_message
    [ ! -e none ] || fail "a run folder was made"
}

sed 's/epochs: 2/epochs: [2]/' c.yaml >d.yaml
config <<END
monokd: d.yaml:14: train.epochs: found a list, expected an integer from 1 to 100000
END
sed 's/epochs: 2/epoch: 2/' c.yaml >d.yaml
config <<END
monokd: d.yaml:14: found the unknown key train.epoch, did you mean train.epochs?
END
printf 'train:\n  epochs: [2' >d.yaml
config <<END
monokd: d.yaml:3: not valid YAML: while parsing a flow sequence, did not find expected ',' or ']'
END
rm d.yaml
config <<END
monokd: d.yaml: cannot open: No such file or directory
END
run monokd train
expect_code 2
expect_err <<END
monokd: found no config, expected CONFIG [KEY=VALUE ...]
END

# --- run folders ----------------------------------------------------------------------------------

fresh
checkpoint=run/checkpoint.safetensors
size=$(wc -c <$checkpoint)
head=$(($(od -An -tu8 -N8 $checkpoint)))
cut_to $checkpoint $((size - 100))
refuses_to_go_on $checkpoint <<END
monokd: $checkpoint: found $((size - head - 108)) bytes of data, expected $((size - head - 8))
END
cut_to $checkpoint 100
refuses_to_go_on $checkpoint <<END
monokd: $checkpoint: found a header length of $head in a file of 100 bytes, expected a safetensors file with a header of at most 100000000
END
: >$checkpoint
refuses_to_go_on $checkpoint <<END
monokd: $checkpoint: found 0 bytes, expected a safetensors file
END
cp run/model.safetensors $checkpoint
refuses_to_go_on $checkpoint <<END
monokd: $checkpoint: found monokd model 1, expected a file of 'monokd checkpoint 1'
END

# a whole checkpoint that says step 8, of a training whose split has another size by now
fresh
sed -i 1,2d set/ImageSets/train.txt
refuses_to_go_on $checkpoint <<END
monokd: $checkpoint: found step 8 at batch 0 of epoch 3, expected step 6 with 6 frames: was the training split changed?
END

fresh
size=$(wc -c <run/model.safetensors)
head=$(($(od -An -tu8 -N8 run/model.safetensors)))
cut_to run/model.safetensors $((size - 100))
run monokd eval run
expect_code 1
expect_message <<END
monokd: run/model.safetensors: found $((size - head - 108)) bytes of data, expected $((size - head - 8))
END

fresh
printf 'train: [' >run/config.yaml
refuses_to_go_on run/config.yaml <<END
monokd: run/config.yaml:2: not valid YAML: while parsing a flow node, did not find expected node content
END

fresh
run monokd train c.yaml train.run=run optim.learning_rate=5e-4
expect_code 1
expect_message <<END
monokd: run holds a training with optim.learning_rate = '0.001', this one has '0.0005'; choose another train.run, or remove the folder
END

# a first start that failed binds nobody to its config
fresh
rm -rf run
run monokd train c.yaml train.run=run train.init=none.safetensors
expect_code 1
expect_message <<END
monokd: none.safetensors: cannot open: No such file or directory
END
run monokd train c.yaml train.run=run
expect_code 0

# in use by another training: held by this shell meanwhile
if command -v flock >/dev/null; then
    fresh
    echo 4711 >run/lock
    exec 9<>run/lock
    flock 9
    run monokd train c.yaml train.run=run
    expect_code 1
    expect_message <<END
monokd: another training uses this run folder: run/lock: in use by process 4711
END
    exec 9>&-
fi

# a folder that may not be written. root may write everywhere, so it becomes somebody else
nobody=
[ "$(id -u)" != 0 ] || nobody="setpriv --reuid=65534 --regid=65534 --clear-groups"
if [ -z "$nobody" ] || $nobody "$MKD_BIN" list >/dev/null 2>&1; then
    fresh
    chmod 755 "$work" "$work/folder"
    chmod -R a-w,a+rX run
    # shellcheck disable=SC2086 # words of a command, or none
    run $nobody "$MKD_BIN" train c.yaml train.run=run
    expect_code 1
    expect_message <<END
monokd: run/lock: cannot lock: Permission denied
END
    # shellcheck disable=SC2086
    run $nobody "$MKD_BIN" train c.yaml train.run=run/new
    expect_code 1
    expect_message <<END
monokd: run/new: cannot make the folder: Permission denied
END
    chmod -R u+w run
else
    echo "not tried: a read-only run folder (found no way to run $MKD_BIN as another user)"
fi

# --- teachers -------------------------------------------------------------------------------------

fresh
mv run teacher
refuses distill.method=monoskd <<END
monokd: distill.method is monoskd, but teacher.run names no run folder
END
refuses distill.method=monoskd teacher.run=nowhere <<END
monokd: teacher.run: nowhere: there is no such run folder
END
refuses distill.method=monoskd teacher.run=teacher model.width_px=64 <<END
monokd: teacher teacher sees 128 x 64 px, the student 64 x 64 px
END
rm teacher/*.safetensors
refuses distill.method=monoskd teacher.run=teacher <<END
monokd: teacher has neither model.safetensors nor checkpoint.safetensors: nothing was trained yet
END
