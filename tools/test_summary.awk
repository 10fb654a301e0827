# Counts test cases in the LastTest.log files that ctest leaves behind and prints, as its last line,
# "N passed, N failed, N skipped". A cmocka program and build/parity count their own cases; any other
# test is one case. Exit status 1 if anything failed or nothing ran.

function finish() {
    if (!name) {
        return
    }
    # the runner's verdict stands even if the cases do not show it: a crash, a sanitizer's finding
    if (verdict == "failed" && failed == 0) {
        failed = 1
    } else if (passed + failed + skipped == 0) {
        passed = verdict == "passed"
        skipped = verdict == "skipped"
    }
    if (failed > 0) {
        failures = failures "\n    " FILENAME_of_block ": " name
    }
    total_passed += passed
    total_failed += failed
    total_skipped += skipped
    name = ""
}

/^[0-9]+\/[0-9]+ Testing: / {
    finish()
    name = $3
    FILENAME_of_block = FILENAME
    sub(/\/?Testing\/Temporary\/LastTest.log$/, "", FILENAME_of_block)
    verdict = "failed"
    passed = failed = skipped = 0
}

/^\[  PASSED  \] [0-9]+ test/ { passed += $4 }
/^\[  FAILED  \] [0-9]+ test/ { failed += $4 }
/^\[  SKIPPED \] [0-9]+ test/ { skipped += $4 }
/^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$/ {
    passed += $1
    failed += $3
    skipped += $5
}

/^Test Passed\.$/ { verdict = "passed" }
/^Test Skipped\.|^Test Pass Reason|SKIP_RETURN_CODE|Skipped/ && /^Test / { verdict = "skipped" }

END {
    finish()
    if (failures) {
        print "failed:" failures
    }
    printf "%d passed, %d failed, %d skipped\n", total_passed, total_failed, total_skipped
    exit total_failed > 0 || total_passed == 0
}
