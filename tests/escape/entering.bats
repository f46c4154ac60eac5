#!/usr/bin/env bats
# A server against whoever enters it: what it may see of him, and how it might keep him out or hold him up.

load ../support/common
load ../support/servers

setup_file() {
    build_small
    begin_suite
}

setup() {
    new_small small --address 10.77.0.50
    vserver small start
}

teardown() { remove_servers; end_test; }

inside() { vserver small exec -- sh -c "$1"; }

# Arguments: shell commands, run by a process that has left the group which entering processes are born in.
from_the_root_group() {
    inside "echo 0 >/sys/fs/cgroup/cgroup.procs && { $1; }"
}

@test "what enters is never seen in a namespace of the host, nor with our command line" {
    vserver small exec -- sh -c 'cat >/spy && chmod 755 /spy' <"$VSERVER_BUILD/tests/spy"
    # The test host mounts its own /var/lib/vservers and has a device of the server's; the server has neither.
    vserver small exec -- /spy /var/lib/vservers vs- hunter2 >"$BATS_TEST_TMPDIR/said" 3>&- &
    wait_until grep -q ready "$BATS_TEST_TMPDIR/said"
    for (( i = 0; i < 60; i++ )); do vserver small exec -e SECRET=hunter2 -- true; done
    inside 'touch /leave'
    wait $!
    cat "$BATS_TEST_TMPDIR/said"
    ! grep seen: "$BATS_TEST_TMPDIR/said" || false
    (( $(sed -n 's/^processes: //p' "$BATS_TEST_TMPDIR/said") > 2 ))
}

# fs.suid_dumpable is the whole machine's, so what counts is looked at instead: after its last change of ids it says so itself.
@test "what enters cannot be traced, whatever fs.suid_dumpable says" {
    require_feature program strace
    local user
    for user in root web; do
        strace --quiet=all --follow-forks --output="$BATS_TEST_TMPDIR/calls" --trace=setresuid,prctl,execve vserver small exec -u $user -- true
        cat "$BATS_TEST_TMPDIR/calls"
        grep -B 1 'execve("/bin/true"\|execve("/usr/local/sbin/true"' "$BATS_TEST_TMPDIR/calls" | head -n 1 | grep -q 'prctl(PR_SET_DUMPABLE, SUID_DUMP_DISABLE) *= 0'
        grep -A 1 'setresuid(0, 0, 0)' "$BATS_TEST_TMPDIR/calls" | grep -q 'prctl(PR_SET_DUMPABLE, SUID_DUMP_DISABLE) *= 0'
    done
}

@test "a server that freezes the group for those who enter keeps nobody out, and stops when asked" {
    from_the_root_group 'rmdir /sys/fs/cgroup/.vserver; mkdir /sys/fs/cgroup/.vserver; echo 1 >/sys/fs/cgroup/.vserver/cgroup.freeze'
    [ "$(timeout 20 vserver small exec -- echo in)" = in ]
    run timeout 30 vserver small stop
    [ "$status" -eq 0 ]
    [ "$output" = 'small: stopped' ]
}

@test "a server with threaded groups keeps nobody out, and stops" {
    from_the_root_group 'mkdir /sys/fs/cgroup/t; echo threaded >/sys/fs/cgroup/t/cgroup.type; cat /sys/fs/cgroup/t/cgroup.type' | grep -qx threaded
    [ "$(timeout 20 vserver small exec -- echo in)" = in ]
    add_service small deaf /bin/sh -c 'trap "" TERM; while :; do sleep 1; done'
    run timeout 30 vserver small stop --timeout 1s
    [ "$status" -eq 0 ]
    is_stopped small
}

@test "a file or a socket that we write to does not go in: a pipe does" {
    vserver small exec -- readlink /proc/self/fd/1 >"$BATS_TEST_TMPDIR/log"
    grep -q '^pipe:' "$BATS_TEST_TMPDIR/log"
    echo kept >"$BATS_TEST_TMPDIR/log"
    vserver small exec -- sh -c 'echo one; echo two >&2' >>"$BATS_TEST_TMPDIR/log" 2>&1
    [ "$(sort "$BATS_TEST_TMPDIR/log" | tr '\n' ' ')" = 'kept one two ' ]
    run python3 -c '
import socket, subprocess
ours, theirs = socket.socketpair()
look = "readlink /proc/self/fd/0; readlink /proc/self/fd/1"
subprocess.run(["vserver", "small", "exec", "--", "sh", "-c", look], stdin=theirs, stdout=theirs)
theirs.close()
print(ours.recv(100).decode())'
    [[ $output == pipe:*pipe:* ]]
    # What is only read goes in as it is, so that of a list in a loop only that is taken which the command reads.
    run vserver small exec -- readlink /proc/self/fd/0 <"$BATS_TEST_TMPDIR/log"
    [[ $output == */log ]]
}

@test "root gets in whatever the accounts are" {
    inside 'rm /etc/passwd /etc/group; mkfifo /etc/passwd /etc/group'
    [ "$(timeout 20 vserver small exec -- echo in)" = in ]
    inside 'rm /etc/passwd; head -c 1000000 /dev/zero >/etc/passwd'
    [ "$(timeout 20 vserver small exec -u root -- echo in)" = in ]
    run_vserver small exec -u web -- true
    [ "$status" -eq 125 ]
}
