#!/usr/bin/env bats
# A start that is killed at any system call, or told by the kernel that it cannot.

load ../support/common
load ../support/servers
load ../support/sweep

setup_file() { build_small; begin_suite; }
setup() { begin_sweep; }
teardown() { remove_servers; end_test; }

# bats test_tags=stock
@test "start, killed" { sweep kill 15 vserver web start; }

@test "start, its command killed while its helpers go on" { sweep kill-main 8 vserver web start; }

@test "start, with calls that fail" { sweep error 15 vserver web start; }

# A limit that cannot be applied for want of an answer is no start without limits.
@test "start, with questions about the control groups that are not answered" {
    only=statfs
    sweep error 8 vserver web start
}

# Where one process cannot send what another waits for, neither waits for ever.
@test "start, with messages between its processes that are not sent" {
    only='sendmsg sendto write'
    sweep error 8 vserver web start
}

# On the host's own stack, with processes of ours that show it its network.
be_bound() {
    vserver web delete --yes >&2
    new_small web --network bind --address 10.77.0.50 --address fd77::50 --memory 256M
    add_service web talker /bin/sh -c 'echo hello; exec sleep 100000'
    mark
    running && stopped
}

@test "start on the host's stack, killed" { be_bound; sweep kill 12 vserver web start; }

@test "start on the host's stack, with calls that fail" { be_bound; sweep error 12 vserver web start; }

# What shows a server its network has no rights before anybody asks it, or there is no server.
@test "start on the host's stack, with a view that cannot be confined" {
    be_bound
    stopped
    run_traced "$BATS_TEST_TMPDIR/calls" -- vserver web start
    stopped
    point=$(awk '$3 == "capset" && $4 == "vserver-netview" { print $1 ":" $2; exit }' "$BATS_TEST_TMPDIR/calls")
    run at-call --within "$sweep_seconds" --at "$point" EPERM "${let_go[@]}" -- vserver web start
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $output == *'show it its own network: vserver-netview cannot '* ]]
    clean
}

# The first since boot makes the void and loads the rules.
nothing_of_this_boot() {
    stopped
    umount -l /run/vservers/.void 2>/dev/null || true
    rm -f /run/vservers/.void
    umount -l /run/vservers 2>/dev/null || true
    nft delete table inet vserver 2>/dev/null || true
}

@test "the first start, killed" {
    running
    before() { nothing_of_this_boot; }
    sweep kill 4 vserver web start
}

@test "the first start, with calls that fail" {
    running
    before() { nothing_of_this_boot; }
    sweep error 4 vserver web start
}
