#!/usr/bin/env bats
# A command inside a server, killed at any system call on the way in or told by the kernel that it cannot.

load ../support/common
load ../support/servers
load ../support/sweep

setup_file() { build_small; begin_suite; }
setup() { begin_sweep; }
teardown() { remove_servers; end_test; }

running_one() { running; generation=$(state_of web generation); }
# Whatever becomes of the command, the server is not concerned.
undisturbed() { expect 0 next web running && has_generation web "$generation" && clean; }

@test "exec in a running server, killed" {
    before() { running_one; }
    after_kill() { undisturbed; }
    sweep kill 4 vserver web exec true
}

@test "exec in a running server, with calls that fail" {
    before() { running_one; }
    after_error() { undisturbed; }
    sweep error 6 vserver web exec true
}

# A server is not dead for want of a descriptor to ask with.
@test "exec in a running server, with questions about its init that are not answered" {
    before() { running_one; }
    after_error() { undisturbed; }
    only='pidfd_open openat'
    sweep error 6 vserver web exec true
}

@test "exec in a stopped server, killed" { sweep kill 6 vserver web exec true; }

@test "exec in a stopped server, with calls that fail" {
    after_error() { wait_until stopped_by_itself && audit_now; }    # by its keeper, where the command could not
    sweep error 6 vserver web exec true
}

# A child that is left alone still has what the command has had, the lock that says that the server is used among it.
@test "exec in a stopped server, with messages from its processes that do not come" {
    after_error() { wait_until stopped_by_itself && audit_now; }
    only=recvmsg
    sweep error 6 vserver web exec true
}
stopped_by_itself() { ! says_running; }
