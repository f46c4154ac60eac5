#!/usr/bin/env bats
# A Debian server whose init is sysvinit. The system comes from `tests/support/debian_root sysvinit`, which has to run once
# outside the test host, because it needs a mirror.

load ../support/common
load ../support/servers

setup_file() {
    local archive=${VSERVER_CACHE:-/root/.cache/vserver}/debian-bookworm-sysvinit-2.tar
    [[ -e $archive ]] || skip "needs $archive: run tests/support/debian_root sysvinit"
    vserver image-host build --from "$archive" --network none
    host_image=$(image_of image-host)
    export host_image
    begin_suite
}

teardown() { remove_servers; [[ ! -e $BATS_FILE_TMPDIR/audit ]] || end_test; }

in_runlevel() { [[ $(vserver old exec -- runlevel) == "N $1" ]] && vserver old exec -- pgrep -x cron; }

@test "it reaches its runlevel, is asked to power off by stop, and reboots from inside" {
    new_host old --address 10.77.0.80
    mark
    vserver old start
    WAIT_SECONDS=240 wait_until in_runlevel 2
    audit_now old
    first=$(state_of old generation)
    vserver old exec -- reboot || true
    WAIT_SECONDS=240 wait_until has_generation old $(( first + 1 ))
    WAIT_SECONDS=240 wait_until in_runlevel 2
    run_vserver old stop
    [ "$status" -eq 0 ]
    [ "$output" = 'old: stopped' ]
    audit_now
}

@test "a stop that comes before its runlevel is asked again until it can be answered" {
    new_host old --address 10.77.0.80
    vserver old start
    run_vserver old stop
    [ "$status" -eq 0 ]
    [ "$output" = 'old: stopped' ]
}
