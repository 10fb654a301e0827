#!/bin/sh
# The parity program on broken case folders: one line each says what is wrong, the whole ones still
# run, and the exit status is 1.
# shellcheck source=tests/faults/lib.sh
. "$(dirname "$0")/lib.sh"

shared golden/ops/activation
# shellcheck disable=SC2154 # set by shared
for name in whole inputs expected empty case missing; do
    mkdir -p "cases/$name"
    cp "$shared"/* "cases/$name"
done
cp cases/inputs/inputs.npz whole.npz
head -c "$(($(wc -c <whole.npz) - 50))" whole.npz >cases/inputs/inputs.npz
head -c 1000 cases/whole/expected.npz >cases/expected/expected.npz
: >cases/empty/inputs.npz
head -c 100 cases/whole/case.json >cases/case/case.json
rm cases/missing/inputs.npz

run "$MKD_BUILD_DIR/parity" cases
expect_code 1
expect_err </dev/null
grep -q '^ok    cases/whole  worst ' "$work/out" || fail "the whole case did not pass"
grep -v '^ok ' "$work/out" >broken
expect_same broken output <<END
FAIL  cases/case  cases/case/case.json:3: premature end of input
FAIL  cases/empty  cases/empty/inputs.npz: found an empty file, expected a zip archive of .npy arrays
FAIL  cases/expected  cases/expected/expected.npz: found a broken zip archive: Not a zip archive
FAIL  cases/inputs  cases/inputs/inputs.npz: found a broken zip archive: Not a zip archive
FAIL  cases/missing  cases/missing/inputs.npz: cannot open: No such file or directory
1 passed, 5 failed, 0 skipped
END
