#!/bin/sh
# Every quoted include names its layer, and a layer includes only itself and the layers before it in
# src/LAYERS.
cd "$MKD_SOURCE_DIR/src" || exit 1
# shellcheck disable=SC2046 # names of sources hold no spaces
awk '
    FILENAME == "LAYERS" { rank[$1] = NR; next }
    FNR == 1 { split(FILENAME, part, "/"); layer = part[1] }
    FNR == 1 && !(layer in rank) {
        print "src/" FILENAME ": found layer " layer ", expected one of src/LAYERS"
        bad = 1
    }
    /^[ \t]*#[ \t]*include[ \t]*"/ {
        split($0, quote, "\"")
        split(quote[2], to, "/")
        if (!(to[1] in rank)) {
            print "src/" FILENAME ":" FNR ": found \"" quote[2] "\", expected \"layer/file.h\""
            bad = 1
        } else if (rank[to[1]] > rank[layer]) {
            print "src/" FILENAME ":" FNR ": " layer " includes " quote[2] ", which lies above it"
            bad = 1
        }
    }
    END { exit bad }
' LAYERS $(find -- * -name '*.[ch]' -o -name '*.def' -o -name '*.inc' -o -name '*.cu' | sort)
