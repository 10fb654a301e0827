#!/bin/sh
# The pages of docs/ keep their word: links lead somewhere, and what is shown as C is C. The example of
# adding-a-method.md is the file that a unit test compiles and runs.
cd "$MKD_SOURCE_DIR" || exit 1
status=0
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

for page in README.md CONTRIBUTING.md docs/*.md docs/*/*.md; do
    [ -f "$page" ] || continue
    folder=$(dirname "$page")
    # shellcheck disable=SC2013 # a link holds no spaces
    for link in $(grep -o '](\([^)#]*\)' "$page" | sed 's/^](//'); do
        case $link in
        http*) ;;
        *)
            if [ ! -e "$folder/$link" ]; then
                echo "$page: found a link to $link, which does not exist"
                status=1
            fi
            ;;
        esac
    done
done

# the lines of a page's first C block
first_block() {
    awk '/^```c$/ { if (!seen) { inside = 1; seen = 1; next } } /^```$/ { inside = 0 } inside' "$1"
}

first_block docs/adding-a-method.md >"$work/method.c"
if ! cmp -s "$work/method.c" tests/unit/distill/example_method.c; then
    echo "docs/adding-a-method.md: the example differs from tests/unit/distill/example_method.c"
    status=1
fi
first_block docs/adding-a-dataset.md >"$work/dataset.c"
for name in method dataset; do
    if ! ${CC:-cc} -std=c11 -D_POSIX_C_SOURCE=200809L -Wall -Wextra -fsyntax-only -Isrc "$work/$name.c"; then
        echo "docs/adding-a-$name.md: the example does not compile"
        status=1
    fi
done
exit $status
