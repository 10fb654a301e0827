#!/bin/sh
# The commands that tell: list, config, doctor, --version.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

run monokd --version
expect_code 0
grep -qxE 'monokd [0-9]+\.[0-9]+\.[0-9]+' "$work/out" || fail "no version"

run monokd list
expect_code 0
for kind in detectors backbones methods datasets metrics backends optimizers schedules; do
    grep -q "^$kind " "$work/out" || fail "no table of $kind"
done
awk '!/^-*$/ && NF < 2 { exit 1 }' "$work/out" || fail "a name without its summary"

run monokd list schedules
expect_code 0
expect_out <<END
schedules (schedule.kind)  what it is
---------------------------------------------------------------------------------
constant                   one rate after the warm-up
step                       lower by schedule.gamma at each of schedule.milestones
cosine                     falls to schedule.minimum_factor along half a cosine
END

run monokd list methods -v
expect_code 0
grep -q 'MonoSKD: general distillation' "$work/out" || fail "no paper"
run monokd list methods
grep -q 'MonoSKD: general distillation' "$work/out" && fail "a paper that was not asked for"

run monokd list backend
expect_code 2
expect_err <<END
monokd: list: found 'backend', expected one of detectors, backbones, methods, datasets, metrics, backends, optimizers, schedules; did you mean 'backends'?
END

printf 'train:\n  epochs: 3\n' >base.yaml
printf 'base: base.yaml\nmodel:\n  classes: [Car]\n' >own.yaml
run monokd config own.yaml train.seed=7 --changed
expect_code 0
expect_out <<END
model:
  classes: [Car] # own.yaml:3
train:
  seed: 7 # command line
  epochs: 3 # base.yaml:2
END
run monokd config --plain --changed train.seed=7
expect_code 0
expect_out <<END
train:
  seed: 7
END
# what it prints is a config that says the same
run monokd config own.yaml --plain
cp "$work/out" whole.yaml
run monokd config whole.yaml --plain
expect_same "$work/out" output <whole.yaml

run monokd config --help-keys train.epochs
expect_code 0
expect_out <<END
train: the run
  train.epochs: an integer from 1 to 100000; default 140
      passes over the training split
END
run monokd config --help-keys
expect_code 0
grep -q '^  distill.monoskd\.' "$work/out" || fail "no keys of the methods"
run monokd config --help-keys epochs
expect_code 1
expect_err <<END
monokd: config: found no key 'epochs' and none below it; \`monokd config --help-keys\` lists all
END

run monokd config own.yaml train.epohcs=3
expect_code 1
expect_err <<END
monokd: command line: found the unknown key train.epohcs, did you mean train.epochs?
END
run monokd config own.yaml train.epochs=soon
expect_code 1
expect_err <<END
monokd: command line: train.epochs: found 'soon', expected an integer from 1 to 100000
END
run monokd config own.yaml other.yaml
expect_code 2
expect_err <<END
monokd: found 'other.yaml', expected KEY=VALUE
END
run monokd config none.yaml
expect_code 1
expect_err <<END
monokd: none.yaml: cannot open: No such file or directory
END

run monokd doctor
expect_code 0
expect_err </dev/null
for line in 'monokd ' 'CPU ' 'CPU features ' 'memory ' 'ray casting  *Embree [34]\.' \
    'backend ref ' 'backend cpu  *oneDNN 3\.' 'self test  *ok: ' 'fallbacks  *0 of the '; do
    grep -q "^$line" "$work/out" || fail "the doctor says nothing on '$line'"
done
[ "$(grep -c '(chosen)$' "$work/out")" -eq 1 ] || fail "not one backend is chosen"
run monokd doctor me
expect_code 2
expect_err <<END
monokd: doctor: found 'me', expected no argument
END
