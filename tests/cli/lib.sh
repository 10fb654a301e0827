# Sourced by the shell tests of tests/cli and tests/faults. Gives a fresh folder to work in, removed
# at the end, and:
#
#     run COMMAND...         runs it; keeps its output, messages and exit status
#     expect_code N          its exit status was N
#     expect_out <<END       its standard output was exactly this
#     expect_err <<END       its messages were exactly this
#     expect_err_has TEXT    a line of its messages holds TEXT
#     fail TEXT              ends the test
#     skip TEXT              ends the test, saying why it did not run
#     shared PATH            sets $shared to the developers' PATH, or skips
#
# monokd is a function that runs the program under test.
# shellcheck shell=sh

set -u

fail() {
    printf 'failed: %s\n    command: %s\n' "$1" "${last_command:-none}"
    [ ! -s "$work/err" ] || sed 's/^/    stderr: /' "$work/err"
    exit 1
}

skip() {
    printf 'skipped: %s\n' "$1"
    exit 77
}

monokd() {
    "$MKD_BIN" "$@"
}

run() {
    last_command=$*
    code=0
    "$@" >"$work/out" 2>"$work/err" || code=$?
}

expect_code() {
    [ "$code" = "$1" ] || fail "found exit status $code, expected $1"
}

expect_same() {
    cat >"$work/expected"
    diff -u "$work/expected" "$1" || fail "another $2 than expected (- expected, + found)"
}

expect_out() {
    expect_same "$work/out" output
}

expect_err() {
    expect_same "$work/err" "message"
}

expect_err_has() {
    grep -qF -e "$1" "$work/err" || fail "no message holds: $1"
}

shared() {
    shared=${MKD_SHARED:-$MKD_SOURCE_DIR/../shared}/$1
    [ -e "$shared" ] || skip "found no $shared (MKD_SHARED names another folder)"
}

work=$(mktemp -d)
mkdir "$work/folder"
cd "$work/folder" || exit 1
# a signal ends the script through its exit trap
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
