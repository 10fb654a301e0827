#!/bin/sh
# What the house promises of every source file: files stay under 600 lines and functions under 60, the
# library layers neither print nor end the program, and nothing names a folder of somebody's machine.
cd "$MKD_SOURCE_DIR" || exit 1
status=0

report() {
    if [ -n "$2" ]; then
        printf '%s\n%s\n' "$1:" "$2"
        status=1
    fi
}

sources=$(find src tests -name '*.[ch]' -o -name '*.inc' -o -name '*.cu' -o -name '*.sh' | sort)

# shellcheck disable=SC2086 # names of sources hold no spaces
report "files of more than 600 lines" \
    "$(wc -l $sources | awk '$1 > 600 && $2 != "total" { print "    " $2 ": " $1 }')"

# clang-format puts a function's first and last brace where this looks for them
# shellcheck disable=SC2046
report "functions of more than 60 lines" "$(awk '
    FNR == 1 || /^}/ { start = 0 }
    /^[A-Za-z].*[^=] \{$|^ .*\) \{$/ && !start && !/^(struct|enum|union|typedef|extern)/ { start = FNR; head = $0 }
    { line[FNR] = $0 }
    start && FNR - start == 60 { print "    " FILENAME ":" start ": " head }
' $(find src -name '*.c' -o -name '*.inc' -o -name '*.cu' | sort))"

# the log's default sink is the one place of the library that may write to the terminal
# shellcheck disable=SC2046
report "printing, ending or asserting in the library" "$(awk '
    {
        line = $0
        gsub(/"([^"\\]|\\.)*"/, "", line)
        sub(/\/\/.*/, "", line)
    }
    line ~ /(^|[^A-Za-z0-9_])(v?printf|puts|putchar|perror|_?exit|_Exit|quick_exit|abort|assert) *\(/ ||
    line ~ /(^|[^A-Za-z0-9_])(stdout|stderr)([^A-Za-z0-9_]|$)/ { print "    " FILENAME ":" FNR ": " $0 }
' $(find src \( -name '*.[ch]' -o -name '*.inc' -o -name '*.cu' \) ! -path 'src/app/*' ! -path src/base/log.c | sort))"

# spelled so that this line does not find itself
report "paths of a machine" "$(git grep -nIE '(^|[^A-Za-z0-9_.}$])/(home|root|work|Users)/[A-Za-z]' -- \
    ':!tests/arch/sources.sh' 2>/dev/null | sed 's/^/    /')"

exit $status
