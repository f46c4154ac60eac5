#!/usr/bin/env bats
# secure-host --behind-rules and its undo, killed at any system call or told by the kernel that it cannot: the machine is as before or as
# afterwards, and both ways lead on from there.

load ../support/common
load ../support/servers
load ../support/sweep

harmless=' (PIPE|ABRT|SEGV) nft$'     # when nobody reads its listing any more, or the kernel does not answer it

setup_file() { build_small; begin_suite; }

setup() {
    begin_sweep
    running
    open_up && secure && vserver secure-host prove >/dev/null && open_up    # what is made once is there
    stopped
    mark
}

teardown() {
    vserver secure-host undo >/dev/null 2>&1 || true
    remove_servers
    rm -f /var/lib/vservers/guard/{proof,secure-host*}
    end_test
}

is_secured() { [ -e /var/lib/vservers/guard/secure-host.json ]; }
secure() { is_secured || next secure-host apply --behind-rules --console >/dev/null; }
open_up() { ! is_secured || next secure-host undo >/dev/null; }
recover() { open_up || true; audit_now web >/dev/null || mark; }

# Never the half of the rules, and never rules of which nobody knows.
tables() { nft list tables | grep -c vserver_secure || true; }
has_tables() { [ "$(tables)" == "$1" ] || { echo "not $1 tables: $(nft list tables)"; return 1; }; }
is_before() { if is_secured; then echo 'it is secured'; return 1; fi; has_tables 0 && clean; }
is_afterwards() { has_tables 2 && expect 0 next secure-host prove; }
is_either() {
    if is_secured; then [[ $(tables) == [02] ]] || { echo "half of the rules: $(nft list tables)"; return 1; }
    else is_before; fi
}

# Whatever was cut off can be taken back, and can be gone on with.
after_kill() {
    is_secured || expect 0 next secure-host resume || return 1    # which sweeps, and does nothing else
    is_either || return 1
    is_secured || return 0
    if (( RANDOM % 2 )); then expect 0 next secure-host resume && is_afterwards || return 1; fi
    expect 0 next secure-host undo && is_before
}

@test "securing behind rules, killed" {
    before() { running; open_up; }
    sweep kill 8 vserver secure-host apply --behind-rules --console
}

@test "securing behind rules, with calls that fail" {
    before() { running; open_up; }
    after_error() { cat "$said"; if is_secured; then is_afterwards; else next secure-host resume && is_before; fi; }
    sweep error 8 vserver secure-host apply --behind-rules --console
}

@test "undoing it, killed" {
    before() { running; secure; }
    sweep kill 8 vserver secure-host undo
}

@test "undoing it, with calls that fail" {
    before() { running; secure; }
    after_error() { open_up; is_before; }
    sweep error 8 vserver secure-host undo
}
