# What every system test loads: `load ../support/common`. The file runs wholly inside one test host (tests/support/run-suite
# FILE starts it), and after each test the audit compares the machine with the model.
#
# A file with a setup_file of its own calls `begin_suite` last in it: what exists then is what every test starts from.
# So with setup and teardown: a teardown of the file's own ends with `end_test`.
#
# BATS_TEST_TMPDIR is on a real file system; /tmp is audited and has to be left clean.

# shellcheck source=features
. "${BASH_SOURCE[0]%/*}/features"

bats_require_minimum_version 1.5.0

setup_file() { begin_suite; }

teardown() { end_test; }

begin_suite() {
    [[ ${TESTHOST:-} ]] || { echo "run it with tests/support/run-suite $BATS_TEST_FILENAME"; return 1; }
    audit snapshot "$BATS_FILE_TMPDIR/audit"
    faults >"$BATS_FILE_TMPDIR/faults"
}

# Arguments: the servers that this test leaves running by intent. What was left is blamed on this test alone: the next one
# starts from what is there now; processes, which would keep bats waiting for their output, are ended, and what is mounted in
# bats' own directory is taken out of it, before bats removes it with all that is below.
end_test() {
    local leaks
    if (( $# )); then set -- --running "$@"; fi
    leaks=$(audit compare "$BATS_FILE_TMPDIR/audit" "$@") || audit_failed "$leaks"
    new_faults || leaks+=' and faults'
    [[ -z $leaks ]]
}

audit_failed() {
    local leaks=$1
    echo "$leaks"
    cat /tmp/vserver-sanitizer.* 2>/dev/null || true
    sed -n 's/^left behind: process \([0-9]*\) .*/\1/p' <<<"$leaks" | xargs -r kill -KILL
    sed -n 's/^left behind: mount \([^ ]*\) .*/\1/p' <<<"$leaks" | grep -F "$BATS_RUN_TMPDIR/" | tac | xargs -r umount -nl
    audit snapshot "$BATS_FILE_TMPDIR/audit"
}

# Programs of ours that died by a fault of their own, as the kernel's log has it: where a keeper or a helper does, the next command
# mends it, and nobody would know. In the build for it, undefined behaviour is such a fault (tests/support/sanitized-build).
faults() {
    local programs='vserver[-a-z]*|vreboot|vhalt|chbind|chcontext|reducecap|vps|vpstree|vtop|vkill'
    dmesg | grep -E "( |: )($programs)\[[0-9]+\](: segfault| trap | general protection)" || true
}

new_faults() {
    local new
    new=$(faults | grep -vxFf "$BATS_FILE_TMPDIR/faults") || return 0
    echo "$new"
    faults >"$BATS_FILE_TMPDIR/faults"
    return 1
}

# Run the program under test; bats' $status and $output, and $stderr apart from it.
run_vserver() { run --separate-stderr vserver "$@"; }

# Wait for an event: try COMMAND until it succeeds, for at most ten seconds (WAIT_SECONDS).
wait_until() {
    local deadline=$(( SECONDS + ${WAIT_SECONDS:-10} ))
    until "$@" >/dev/null 2>&1; do
        (( SECONDS < deadline )) || { echo "never: $*"; return 1; }
        sleep 0.02
    done
}

# Run a command outside, on the other end of eth0's cable.
on_wire() { wire "$@"; }

# Skip the test when this machine cannot have the feature; fail it when the machine must (see tests/support/features).
require_feature() {
    local reason
    reason=$("feature_$1" "${@:2}") && return
    if must_have "$1"; then
        echo "this machine must have $*, but: $reason"
        return 1
    fi
    skip "needs $*: $reason"
}
