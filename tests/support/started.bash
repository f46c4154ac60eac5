# shellcheck shell=bash
# For suites whose tests leave commands running beside them, locked to addresses or not. setup() begins with started=().

# Run in the background until the end of the test.
background() { "$@" >"$BATS_TEST_TMPDIR/background" 2>&1 3>&- & started+=($!); }

end_started() {
    local pid
    for pid in "${started[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait
    chbind --silent --ip 10.77.0.21 true    # takes away what those have left
    end_test
}
