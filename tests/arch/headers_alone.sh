#!/bin/sh
# Every header compiles alone, as C99 and as C++.
cd "$MKD_SOURCE_DIR/src" || exit 1
flags="-fsyntax-only -I. -isystem $MKD_ONEDNN_INCLUDE -D_POSIX_C_SOURCE=200809L -Wall -Wextra -Werror"
status=0
for header in $(find . -name '*.h' | sort); do
    # a declaration of its own: C99 wants one, and a header may hold macros alone
    unit="#include \"${header#./}\"
extern int mkd_unit;"
    # shellcheck disable=SC2086 # a list of flags
    printf '%s\n' "$unit" | gcc -x c -std=c99 -Wpedantic $flags - || status=1
    # shellcheck disable=SC2086
    printf '%s\n' "$unit" | g++ -x c++ -std=c++17 $flags - || status=1
done
exit $status
