#!/bin/sh
# The program's face: usage, help, unknown commands and options, exit codes, a full disk.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

run monokd
expect_code 2
expect_err_has "usage: monokd COMMAND"
expect_err_has "monokd: found no command"

for word in help --help -h; do
    run monokd $word
    expect_code 0
    grep -q '^  score  *score KITTI-format results against labels$' "$work/out" || fail "score is not listed"
done

run monokd scroe
expect_code 2
expect_err <<END
monokd: unknown command 'scroe', did you mean 'score'?
END

run monokd xylophone
expect_code 2
expect_err <<END
monokd: unknown command 'xylophone'
END

run monokd help scroe
expect_code 2

run monokd score --frmes a
expect_code 2
expect_err <<END
monokd: score: unknown option '--frmes', did you mean '--frames'?
END

run monokd score a b --frames
expect_code 2
expect_err <<END
monokd: score: --frames needs a value (IDS.txt)
END

run monokd score a b --json=yes
expect_code 2
expect_err <<END
monokd: score: --json takes no value, found 'yes'
END

if [ -e /dev/full ]; then
    last_command="monokd help > /dev/full"
    code=0
    monokd help >/dev/full 2>"$work/err" || code=$?
    expect_code 1
    expect_err <<END
monokd: cannot write to standard output
END
fi
