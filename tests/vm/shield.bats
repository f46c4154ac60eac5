#!/usr/bin/env bats
# vserver shield on a kernel that can (tests/support/features): what the host's root can do to a server's processes with it, and
# without. The server's own processes and the door go on as before.

# bats file_tags=stock

load ../support/common
load ../support/servers

setup_file() {
    require_feature bpf_lsm
    build_small
    vserver web build --image "$small_image" --network none >&2
    add_service web idle /bin/busybox sleep 4711
    begin_suite
}

setup() {
    vserver web start
    init=$(state_of web init)
    wait_until idle_of web
    idle=$(idle_of web)
    group=/sys/fs/cgroup/vservers/web
}

teardown() {
    vserver web stop --kill || true
    vserver shield off
    end_test
}

teardown_file() { vserver web delete --yes; }

idle_of() { pgrep -f '^/bin/busybox sleep 4711$'; }
lives() { [[ $(<"/proc/$1/stat") != *') '[ZX]* ]]; }

# Runs COMMAND, which has to be refused by the kernel, whatever it says.
refused() {
    run "$@"
    echo "$*: $status $output"
    [[ $status -ne 0 && $output == @(*'not permitted'*|*'Permission denied'*|*'must be superuser'*) ]] && lives "$init" && lives "$idle"
}

@test "signals, limits and priorities of a server's processes: refused to root outside, as before inside and by the door" {
    kill -CONT "$idle" && renice -n 1 "$idle" && prlimit --pid "$idle" --nofile=512:512
    vserver shield on
    local pid
    for pid in "$init" "$idle"; do
        refused kill -KILL "$pid"
        refused python3 -c "import os, signal; signal.pidfd_send_signal(os.pidfd_open($pid), signal.SIGKILL)"
        refused prlimit --pid "$pid" --cpu=1:1
        refused renice -n 19 "$pid"
        refused taskset -p 1 "$pid"
        refused ionice -c 3 -p "$pid"
    done
    refused killall sleep busybox
    python3 -c "import fcntl, os, socket
ours, other = socket.socketpair()
fcntl.fcntl(ours, fcntl.F_SETOWN, $idle)
fcntl.fcntl(ours, 10, 9)    # F_SETSIG, SIGKILL
fcntl.fcntl(ours, fcntl.F_SETFL, os.O_ASYNC)
other.send(b'x')"
    lives "$idle"
    vserver web exec -- sh -c 'sleep 77 & kill $! && ! wait $!'
    vkill --signal CONT "$idle"
    vkill --signal KILL "$idle"
    wait_until sh -c "! kill -0 $idle"
}

# In a PID namespace of its own, with a server of its own: everything that is below gets it.
@test "kill -9 -1 by root ends the host's processes, the keeper too, and leaves the servers'" {
    vserver web stop --kill
    vserver shield on
    unshare --pid --fork --mount-proc --kill-child sh -c '
        vserver web start
        sleep 1000 & other=$!
        kill -9 -1
        ! wait $other && ! pgrep vserver-keeper && pgrep -f "sleep 4711" && vserver web running' 3>&-
}

@test "tracing, reading and entering: refused to root outside, by whatever descriptor" {
    exec 8<"/proc/$init/ns/net"
    nsenter --net=/proc/self/fd/8 true
    vserver shield on
    refused strace -p "$idle"
    refused nsenter --target "$init" --all true
    refused nsenter --net=/proc/self/fd/8 true
    exec 8<&-
    local file
    for file in ns/net root/etc/passwd environ maps mem fd/0 cwd/. exe; do refused cat "/proc/$idle/$file"; done
    refused python3 "$BATS_TEST_DIRNAME/trace.py" "$init"
    vserver web exec -- sh -c 'cat /proc/1/environ; nsenter --target 1 --net true'
}

@test "control groups: attaching, killing, freezing, limiting and removing are refused, above the servers' too" {
    sleep 1000 3>&- &
    local file
    echo 0 >"$group/cgroup.freeze"
    vserver shield on
    for file in cgroup.procs cgroup.threads cgroup.kill cgroup.freeze memory.max pids.max guest/cgroup.procs; do
        refused sh -c "echo $! >'$group/$file'"
    done
    refused sh -c "echo 1 >'/sys/fs/cgroup/vservers/cgroup.kill'"
    refused sh -c "echo 1 >'/sys/fs/cgroup/vservers/cgroup.freeze'"
    mkdir "$group/guest/empty"
    refused rmdir "$group/guest/empty"
    mkdir /sys/fs/cgroup/vservers.not
    echo $! >/sys/fs/cgroup/vservers.not/cgroup.procs
    echo 1 >/sys/fs/cgroup/vservers.not/cgroup.kill
    wait $! || true
    wait_until rmdir /sys/fs/cgroup/vservers.not
    vserver web exec -- true
    vserver shield off
    rmdir "$group/guest/empty"
}

@test "a private server: the door is closed but for its end, and root's ways round by the kernel and by the shield are too" {
    vserver web stop --kill
    sed -i '1i private = true' /etc/vservers/web.toml
    run_vserver web start
    [ "$status" -eq 6 ]
    [[ $stderr == *"a private server needs the shield: 'vserver shield on'"* ]]
    vserver shield on
    vserver web start
    init=$(state_of web init)
    wait_until idle_of web
    idle=$(idle_of web)
    run_vserver web exec -- true
    [ "$status" -eq 125 ]
    [[ $stderr == *'private: nobody enters it'* ]]
    local busy
    for busy in off on; do
        run_vserver shield "$busy"
        [ "$status" -eq 7 ]
        [[ $stderr == *'a private server runs'* ]]
    done
    refused vkill --signal CONT "$idle"
    refused vkill --signal CONT "$init"
    refused rm /sys/fs/bpf/vserver-shield/guard_signal
    refused mv /sys/fs/bpf/vserver-shield /sys/fs/bpf/elsewhere
    refused umount -l /sys/fs/bpf
    refused head -c 1 /proc/kcore
    refused head -c 1 /dev/mem
    local bin
    bin=$(dirname "$(command -v vserver)")       # read-only in a test host
    refused unshare --mount sh -c "mount --bind '$bin' /mnt && mount -o remount,bind,rw /mnt && : >>/mnt/vserver"
    refused python3 "$BATS_TEST_DIRNAME/trace.py" "$(pid_of keeper web)"
    vserver web stop
    sed -i 1d /etc/vservers/web.toml
    vserver shield off
    vserver web start
    vserver web exec -- true
}

@test "it holds without a keeper, and the door stays: adopt, start, exec, stop; off restores" {
    vserver shield on
    run_vserver shield status --json
    jq -e '.shield and .door' <<<"$output"
    kill_program keeper web
    refused kill -KILL "$init"
    vserver web exec -- true
    wait_until pid_of keeper web
    # What the door executes is no door: a hook script, and one that is only called like it.
    printf '#!/bin/sh\n[ "$1" != pre-stop ] || kill -KILL %s 2>/run/said\ntrue\n' "$idle" >/run/hook
    chmod 700 /run/hook
    sed -i '1i hooks = "/run/hook"' /etc/vservers/web.toml
    vserver web restart
    sed -i 1d /etc/vservers/web.toml
    grep 'not permitted' /run/said
    rm /run/said /run/hook
    init=$(state_of web init)
    wait_until idle_of web
    idle=$(idle_of web)
    refused kill -KILL "$init"
    # Nor is one that is traced.
    cp "$(command -v vkill)" "$BATS_TEST_TMPDIR/vkill"
    refused "$BATS_TEST_TMPDIR/vkill" "$idle"
    refused strace -o /dev/null vkill "$idle"
    vserver shield off
    kill -KILL "$idle"
    wait_until sh -c "! kill -0 $idle"
}

# ---- one hook at a time ------------------------------------------------------------------------------------------

# What the shield would not refuse any more: a line for each program of bpf/shield.bpf.c, and how it is tried. The last two have the
# marks, without which the door is none; `private`: while a private server runs.
hooks() {
    cat <<-END
	guard_signal       kill -CONT $idle
	guard_file_signal  stopped_by_a_file
	guard_limits       prlimit --pid $idle --core=0:0
	guard_scheduler    taskset -p 3 $idle
	guard_nice         renice -n 1 $idle
	guard_io_priority  ionice -c 2 -n 4 -p $idle
	guard_trace        cat /proc/$idle/environ
	guard_namespace    nsenter --net=/proc/self/fd/8 true
	guard_file         freeze_nothing
	guard_group        rmdir $group/guest/empty
	guard_pin          private rm $pins/guard_nice
	guard_pin_name     private mv $pins /sys/fs/bpf/elsewhere
	guard_pin_mount    private unshare --mount umount -l /sys/fs/bpf
	guard_map          private $privacy map
	guard_bpf          private $privacy program
	guard_kernel       private head -c 1 /proc/kcore
	mark_program       not vkill --signal CONT $idle
	hand_mark_on       not vserver web exec -- true
	END
}

not() { ! "$@"; }
private() { "$privacy" during "$@"; }
freeze_nothing() { echo 0 >"$group/cgroup.freeze"; }
is_stopped_process() { [[ $(<"/proc/$idle/stat") == *') T '* ]]; }

stopped_by_a_file() {
    python3 -c "import fcntl, os, socket
ours, other = socket.socketpair()
fcntl.fcntl(ours, fcntl.F_SETOWN, $idle)
fcntl.fcntl(ours, 10, 19)    # F_SETSIG, SIGSTOP
fcntl.fcntl(ours, fcntl.F_SETFL, os.O_ASYNC)
other.send(b'x')"
    is_stopped_process && vkill --signal CONT "$idle"
}

@test "each hook alone keeps its attack away: without it, and with all the others, that one succeeds" {
    local hook attack pins=/sys/fs/bpf/vserver-shield privacy=$BATS_TEST_DIRNAME/privacy.py
    exec 8<"/proc/$init/ns/net"
    hooks >"$BATS_TEST_TMPDIR/hooks"
    vserver shield on
    diff <(find $pins -type f -printf '%f\n' | grep -vxE 'setup|shield_private|marks' | sort) <(cut -d' ' -f1 "$BATS_TEST_TMPDIR/hooks" | sort)
    while read -r hook attack; do
        echo "$hook: $attack"
        mkdir -p "$group/guest/empty" 2>/dev/null || true
        run ! $attack </dev/null
        rm "$pins/$hook"
        wait_until $attack </dev/null
        [ ! -e /sys/fs/bpf/elsewhere ] || mv /sys/fs/bpf/elsewhere $pins
        vserver shield on </dev/null
    done <"$BATS_TEST_TMPDIR/hooks"
    exec 8<&-
}
