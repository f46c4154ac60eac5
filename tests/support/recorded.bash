# shellcheck shell=bash
# A recorder on a real terminal and real sockets, without a server (tests/programs/recorded.cpp). What a test begins is ended by
# teardown.

readonly uid=1879048191               # 0x6fffffff: nobody's

setup() {
    logs=$BATS_TEST_TMPDIR/logs pids=$BATS_TEST_TMPDIR/pids result=$BATS_TEST_TMPDIR/result
    mkdir "$logs"
    log_on_disk_of 400m
}

# In memory: on a busy disk each checkpoint would wait its turn.
log_on_disk_of() {
    ! mountpoint -q "$logs" || umount "$logs"
    mount -t tmpfs -o "size=$1,uid=$uid,gid=$uid,mode=700" logs "$logs"
    key=$(log-tool make "$logs" "$uid")
}

teardown() {
    umount --lazy "$logs"
    end_test
}

# Run SCRIPT with the console as its terminal until recorder and script have ended.
record() { record_with 1048576 "$@"; }
record_with() {
    run recorded "$VSERVER_LIBEXEC/vserver-recorder" "$logs" "$uid" "$1" "$pids" bash -c "$2" 3>&-
    [ "$status" -eq 0 ]
}

# The same in the background, as $rig; its pids as $command and $recorder.
begin_record() {
    rm -f "$pids"
    recorded "$VSERVER_LIBEXEC/vserver-recorder" "$logs" "$uid" "${2:-1048576}" "$pids" bash -c "$1" >"$result" 2>&1 3>&- &
    rig=$!
    wait_until test -s "$pids"
    read -r command recorder <"$pids"
    wait_until confined
}

confined() { grep -q '^Seccomp:.2' "/proc/$recorder/status"; }

restarted() { [[ $(cut -d' ' -f2 "$pids") != "$recorder" ]]; }

all_logs() { log-tool text "$logs"; }

has() { all_logs | grep -qF -- "$1"; }

is_sealed() { [[ $(log-tool verify "$logs" "$key") == "good $1" ]]; }
