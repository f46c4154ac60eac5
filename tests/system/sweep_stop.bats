#!/usr/bin/env bats
# A stop, a restart, and what follows a server's own end, killed at any system call or told by the kernel that it cannot.

load ../support/common
load ../support/servers
load ../support/sweep

setup_file() { build_small; begin_suite; }
setup() { begin_sweep; }
teardown() { remove_servers; end_test; }

before() { running; }
# What a stop could not do the next one does.
after_error() { expect '0 3' next web stop --kill && clean; }

@test "stop, killed" { sweep kill 8 vserver web stop; }

@test "stop, with calls that fail" { sweep error 8 vserver web stop; }

@test "restart, killed" { sweep kill 4 vserver web restart; }

@test "restart, with calls that fail" { sweep error 4 vserver web restart; }

# When the init has ended its keeper becomes `vserver --init-ended`, and after a reboot that makes the next builder and keeper: at
# once, but for a server that has rebooted so often already.
reboots=0
sweep_keeper() {
    before() { stopped; echo "$reboots" >/run/vservers/web/quick-reboots; running; }
    traced_instead() { pid_of keeper web; }
    after_error() { after_kill; }
    sweep "$@"
}
kill_init=(bash -c 'kill -KILL $(sed -n "s/^init //p" /run/vservers/web/state)')
reboot=(vserver web exec busybox reboot -f)

@test "the keeper after the init's death, killed" { sweep_keeper kill 5 "${kill_init[@]}"; }

@test "the keeper after the init's death, with calls that fail" { sweep_keeper error 5 "${kill_init[@]}"; }

@test "the keeper in a reboot, killed" { sweep_keeper kill 4 "${reboot[@]}"; }

@test "the keeper in a reboot, with calls that fail" { sweep_keeper error 4 "${reboot[@]}"; }

@test "the keeper in the pause before a restart, killed" { reboots=3; sweep_keeper kill 3 "${reboot[@]}"; }
