#!/bin/sh
# Whatever a table under src/ defines (a line MKD_THING(name, ...) of a .def file) is named by a test
# and by a page of docs/ (there as `name`).
cd "$MKD_SOURCE_DIR" || exit 1
status=0
for table in $(find src -name '*.def' | sort); do
    names=$(sed -n 's/^MKD_[A-Z0-9_]*( *"\{0,1\}\([A-Za-z0-9_]*\).*/\1/p' "$table")
    if [ -z "$names" ]; then
        echo "$table: found no line MKD_THING(name, ...)"
        status=1
    fi
    for name in $names; do
        # an operator's gradient operators are judged by the test of its gradient
        tested=${name%%_grad*}
        # as code, not as a word of a comment: "name", thing_name, MKD_THING_NAME, ROW(name, {name
        if ! grep -rqiE --include='*.[ch]' "[\"_({]$tested([^A-Za-z0-9_]|\$)" tests &&
            ! grep -rqw --include='*.sh' -e "$tested" tests; then
            echo "$table: found no test that names $name"
            status=1
        fi
        if ! grep -rqF --include='*.md' -e "\`$name\`" docs; then
            echo "$table: found no page in docs/ that names $name"
            status=1
        fi
    done
done
exit $status
