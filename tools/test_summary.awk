# Counts test cases in the JUnit files that ctest writes; says what failed and why something was
# skipped, and prints as its last line "N passed, N failed, N skipped". A cmocka program and
# build/parity count their own cases; any other test is one case. Exit status 1 if anything failed or
# nothing ran.

function attribute(line, key) {
    return match(line, " " key "=\"[^\"]*\"") ? substr(line, RSTART + length(key) + 3, RLENGTH - length(key) - 4) : ""
}

function finish() {
    # ctest's verdict stands even if the cases do not show it: a crash, a sanitizer's finding
    if (verdict == "failed" && failed == 0) {
        failed = 1
    } else if (passed + failed + skipped == 0) {
        passed = verdict == "passed"
        skipped = verdict == "skipped"
    }
    if (failed > 0) {
        failures = failures "\n    " name " (" FILENAME ")"
    }
    total_passed += passed
    total_failed += failed
    total_skipped += skipped
}

/^\t<testcase / {
    name = attribute($0, "name")
    status = attribute($0, "status")
    verdict = status == "run" ? "passed" : status == "disabled" ? "skipped" : "failed"
    passed = failed = skipped = 0
}
/^\t\t<skipped message="SKIP_RETURN_CODE/ { verdict = "skipped" }
{ sub(/^\t\t<system-out>/, "") }
# "[  FAILED  ] 1 test(s)", since cmocka 1.1.8 "[  FAILED  ] tests: 1 test(s)"
/^\[  (PASSED|FAILED|SKIPPED) *\] (tests: )?[0-9]+ test\(s\)/ {
    n = $4 == "tests:" ? $5 : $4
    passed += $2 == "PASSED" ? n : 0
    failed += $2 == "FAILED" ? n : 0
    skipped += $2 == "SKIPPED" ? n : 0
}
/^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$/ {
    passed += $1
    failed += $3
    skipped += $5
}
/^skipped: / && !($0 in reasons) {
    reasons[$0] = 1
    print
}
/^\t<\/testcase>/ { finish() }

END {
    if (failures) {
        print "failed:" failures
    }
    printf "%d passed, %d failed, %d skipped\n", total_passed, total_failed, total_skipped
    exit total_failed > 0 || total_passed == 0
}
