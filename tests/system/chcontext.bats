#!/usr/bin/env bats
# chcontext(8): sees its own processes only, from first to last, as root and as an ordinary user.

load ../support/common
load ../support/contexts

# Something outside that must not be seen or signalled.
setup() { sleep 1000 3>&- & outside=$!; }

teardown() {
    kill "$outside" 2>/dev/null || true
    wait "$outside" || true
    end_test
}

quiet() { chcontext --silent "$@"; }
outside_lives() { kill -0 "$outside"; }

# ---------------------------------------------------------------------------------------------- its life

@test "it lives until its last process ends, and the command's status comes at once" {
    run quiet --ctx 7 sh -c 'sleep 995 >/dev/null 2>&1 & exit 7'
    [ "$status" -eq 7 ]
    [ -e /run/vservers/.contexts/7 ]
    run quiet --ctx 7 sh -c 'ps axo args; kill $(pgrep -x sleep)'
    [[ $output == *'sleep 995'* ]]
    wait_until test ! -e /run/vservers/.contexts/7
    outside_lives
}

@test "a process that was entered keeps the context alive after its first command" {
    mkfifo "$BATS_TEST_TMPDIR/hold"
    quiet --ctx 8 --disconnect sleep 994
    chcontext --silent --ctx 8 sh -c "read x <'$BATS_TEST_TMPDIR/hold'; ps axo args >'$BATS_TEST_TMPDIR/seen'" 3>&- &
    local entered=$!
    wait_until sh -c "chcontext --silent --ctx 8 killall sleep"
    wait_until sh -c "! pgrep -f '^sleep 994$'"
    [ -e /run/vservers/.contexts/8 ]
    echo go >"$BATS_TEST_TMPDIR/hold"
    wait "$entered"
    grep -q vserver-reaper "$BATS_TEST_TMPDIR/seen"
    wait_until test ! -e /run/vservers/.contexts/8
}

@test "orphans are reaped, and a pipe ends with the command" {
    run quiet sh -c '(sh -c "exit 3" & ) ; while ps axo stat | grep -q Z; do :; done; echo clean'
    [ "$output" = clean ]
    [ "$(quiet sh -c 'echo a; exec >&- 2>&-' | cat)" = a ]
}

@test "signals reach the command, and who kills chcontext kills its command" {
    chcontext --silent sh -c 'trap "echo told >'"$BATS_TEST_TMPDIR"'/told; exit 9" TERM; echo ready >'"$BATS_TEST_TMPDIR"'/ready; while :; do sleep 0.05; done' 3>&- &
    local tool=$! status=0
    wait_until test -s "$BATS_TEST_TMPDIR/ready"
    kill -TERM "$tool"
    wait "$tool" || status=$?
    [ "$status" -eq 9 ]
    [ -s "$BATS_TEST_TMPDIR/told" ]

    chcontext --silent sleep 993 3>&- &
    tool=$!
    wait_until pgrep -f '^sleep 993$'
    kill -KILL "$tool"
    wait "$tool" || true
    wait_until sh -c '! pgrep -f "^sleep 993$"'
}

@test "a whole context that is killed from outside is 137" {
    chcontext --silent sleep 992 3>&- &
    local tool=$! status=0
    wait_until pgrep -f '^sleep 992$'
    kill -KILL "$(pgrep -P "$tool")"
    wait "$tool" || status=$?
    [ "$status" -eq 137 ]
}

@test "the command's status is passed, and failures of our own are told apart" {
    run quiet sh -c 'exit 7'
    [ "$status" -eq 7 ]
    run quiet sh -c 'kill -KILL $$'
    [ "$status" -eq 137 ]
    run -127 quiet /nowhere/nothing
    run quiet /etc/passwd
    [ "$status" -eq 126 ]
    local wrong
    for wrong in '' '--areas net true' '--flag nonsense true' '--cap net_admn true' '--ctx 100 true' '--ctx 0 true' '--ctx ../x true' \
        '--ctx 9 --areas uts true' '--areas uts --flag fakeinit true' '--nonsense'; do
        run chcontext $wrong
        echo "$wrong: $status $output"
        [ "$status" -eq 125 ]
        [ "$(wc -l <<<"$output")" -eq 1 ]
        [[ $output == chcontext:* ]]
    done
}

# ---------------------------------------------------------------------------------------------- what it is shut off in

@test "each area is its own, and only those asked for change" {
    local who area name
    for who in env as_user; do
        for area in fs:mnt proc:pid ipc:ipc uts:uts users:user cgroup:cgroup; do
            name=${area#*:}
            run $who chcontext --silent --areas "${area%:*}" readlink "/proc/self/ns/$name"
            echo "$who $area: $output"
            [ "$status" -eq 0 ]
            [ "$output" != "$(readlink "/proc/self/ns/$name")" ]
        done
        run $who chcontext --silent --areas uts readlink /proc/self/ns/pid
        [ "$output" = "$(readlink /proc/self/ns/pid)" ]
    done
}

@test "all areas together: names, clocks, control groups and capabilities are its own" {
    local who
    for who in env as_user; do
        run $who chcontext --silent --areas fs,proc,ipc,uts,users,cgroup,time --hostname inner --domainname in.side \
            sh -c 'hostname; cat /proc/sys/kernel/domainname; cut -d. -f1 /proc/uptime; cut -d: -f3 /proc/self/cgroup | sort -u'
        echo "$who: $output"
        [ "$status" -eq 0 ]
        [ "${lines[0]} ${lines[1]}" = 'inner in.side' ]
        [ "${lines[2]}" -lt 60 ]
        [ "${lines[3]}" = / ]
    done
    [ "$(hostname)" = testhost ]
}

@test "System V IPC and message queues of the outside are out of reach" {
    local id who
    id=$(ipcmk -M 4096 -p 0666 | grep -oE '[0-9]+$')
    for who in env as_user; do
        run $who chcontext --silent ipcs -m -i "$id"
        [[ $output != *"bytes=4096"* ]]
    done
    ipcrm -m "$id"
}

@test "--secure and --cap bound what is inside" {
    run quiet --secure ip link set eth0 down
    [ "$status" -ne 0 ]
    run quiet --cap '!net_admin' sh -c 'grep CapBnd /proc/self/status'
    (( (0x${output##*[[:space:]]} >> 12 & 1) == 0 ))
    run quiet --secure --cap net_admin ip link set lo up
    [ "$status" -eq 0 ]
}

# ---------------------------------------------------------------------------------------------- flags

@test "lock: no further context, by no way" {
    local who
    for who in env as_user; do
        for attack in 'chcontext true' 'unshare --user true' 'unshare --pid --fork true' 'unshare --mount true'; do
            run $who chcontext --silent --flag lock $attack
            [ "$status" -ne 0 ]
        done
        run $who chcontext --silent --flag lock sh -c 'true & wait $! && echo fine'
        [ "$output" = fine ]
    done
}

@test "private: nobody enters, root neither" {
    quiet --ctx 7 --flag private --disconnect sleep 991
    run quiet --ctx 7 true
    [ "$status" -eq 125 ]
    [ "$output" = 'chcontext: context 7 is private: nobody enters it' ]
    pkill -f '^sleep 991$'
    wait_until test ! -e /run/vservers/.contexts/7
}

@test "fakeinit: the command is process 1" {
    local who
    for who in env as_user; do
        run $who chcontext --silent --flag fakeinit sh -c 'echo $$; exit 5'
        [ "$status" -eq 5 ]
        [ "$output" = 1 ]
    done
}

@test "ulimit: the limits in force are the last" {
    run sh -c 'ulimit -Sn 77; chcontext --silent --flag ulimit sh -c "ulimit -Hn; ulimit -n 78"'
    [ "$status" -ne 0 ]
    [[ $output == 77* ]]
}

# ---------------------------------------------------------------------------------------------- counted as one

# The directories of the hierarchies with the controller cpu, and with pids: those of version 1, or the one of version 2.
hierarchies() {
    local controller
    for controller in cpu pids; do
        [[ -e /sys/fs/cgroup/$controller/tasks ]] && echo "/sys/fs/cgroup/$controller" || echo /sys/fs/cgroup
    done | sort -u
}

# What outlives its command leaves a group, which the next that makes one removes.
sweep() {
    quiet --flag sched true
    (ulimit -u 500; quiet --flag nproc true)
    [[ ! ${session:-} ]] || delegated chcontext --silent --flag sched true
    [[ -z $(find $(hierarchies) -name '.counted-*') ]]
}

# A user whose group was delegated to him, as systemd does it.
delegate() {
    local root=/sys/fs/cgroup
    if [[ -e $root/cpu/tasks ]]; then
        session=$root/cpu/delegated
        mkdir "$session"
    else
        session=$root/delegated/session
        mkdir -p "$session"
        echo +cpu >"$root/delegated/cgroup.subtree_control"
        chown "$user_id" "${session%/*}"{,/cgroup.procs,/cgroup.subtree_control}
    fi
    chown "$user_id" "$session" "$session"/{tasks,cgroup.procs} 2>/dev/null || true
}
delegated() ( echo "$BASHPID" >"$session/cgroup.procs"; as_user "$@" )
end_delegation() {
    wait_until sweep
    rmdir "$session"
    [[ $session == */cpu/* ]] || rmdir "${session%/*}"
    session=
}

# spin NAME COUNT: busy processes of that name, all on one processor. What a shell sends them runs in the context.
readonly spin='for i in $(seq "$2"); do (exec -a "spin-$1" bash -c "while :; do :; done") & done'
# ticks NAME: the processor time that all of that name have had.
ticks() {
    local pid
    for pid in $(pgrep -f "^spin-$1 "); do cat "/proc/$pid/stat"; done | awk '{ sum += $14 + $15 } END { print sum + 0 }'
}

# compare_spinners CALLER...: one busy process in one context, sixteen in another and in a plain one inside that.
compare_spinners() {
    local one=0 many=0 one_before many_before deadline=$(( SECONDS + 60 ))
    "$@" taskset -c 0 chcontext --silent --flag sched bash -c "$spin; wait" - one 1 3>&- & local first=$!
    "$@" taskset -c 0 chcontext --silent --flag sched bash -c "$spin; chcontext --silent bash -c '$spin; wait' - many 8" - many 8 3>&- & local second=$!
    wait_until sh -c 'test "$(pgrep -cf "^spin-many ")" -eq 16 -a "$(pgrep -cf "^spin-one ")" -eq 1'
    one_before=$(ticks one) many_before=$(ticks many)
    until (( one + many >= 200 || SECONDS > deadline )); do
        sleep 0.1
        one=$(( $(ticks one) - one_before )) many=$(( $(ticks many) - many_before ))
    done
    pkill -KILL -f '^spin-'
    wait "$first" "$second" || true
    echo "# one had $one ticks, sixteen had $many"
    (( one + many >= 200 && many < 2 * one ))
}

@test "sched: sixteen busy processes take no more than one does, nested or not, for root and for a user with a group of his own" {
    compare_spinners env
    wait_until sweep
    delegate
    compare_spinners delegated
    end_delegation
}

@test "sched: a user without a group of his own is told what makes one, and nobody counts twice" {
    run as_user chcontext --silent --flag sched true
    [ "$status" -eq 125 ]
    [[ $output == *"no control group with the controller 'cpu'"*'systemd-run'* ]]
    run quiet --flag sched chcontext --silent --flag sched true
    [ "$status" -eq 125 ]
    [[ $output == *'counts as one already'* ]]
}

@test "nproc: the limit counts for the context and what is inside it, for root and for a user" {
    local who forks='for i in $(seq 20); do sleep 30 & done; wait'
    for who in env as_user; do
        run $who bash -c "ulimit -u 12; chcontext --silent --flag nproc sh -c '$forks'"
        [[ $output == *'fork'* ]]
    done
    export forks
    run bash -c 'ulimit -u 12; chcontext --silent --flag nproc sh -c "ulimit -u 1000; chcontext --silent sh -c \"\$forks\""'
    [[ $output == *'fork'* ]]
    run bash -c 'ulimit -u 12; chcontext --silent --flag nproc sh -c "ls /proc | grep -c \"^[0-9]\""'
    (( status == 0 && output <= 12 ))
    wait_until sweep
    if (ulimit -u unlimited) 2>/dev/null; then    # which takes CAP_SYS_RESOURCE
        run bash -c 'ulimit -u unlimited; chcontext --silent --flag nproc true'
        [ "$status" -eq 125 ]
        [[ $output == *'ulimit -u N'* ]]
    fi
}

@test "a command that enters a counted context counts too, and what a killed chcontext leaves is removed" {
    local path
    (ulimit -u 500; quiet --ctx 7 --flag sched --flag nproc --disconnect sleep 989)
    run quiet --ctx 7 cat /proc/self/cgroup
    (( $(grep -c '/\.counted-' <<<"$output") == $(hierarchies | wc -l) ))
    run find $(hierarchies) -name '.counted-*'
    [[ $output == *.counted-* ]]
    quiet --ctx 7 pkill -x sleep
    wait_until test ! -e /run/vservers/.contexts/7
    wait_until sweep
}

@test "nobody in a counted context leaves its group: root with --secure or with users of its own, and a user" {
    delegate
    local who leave='left=0
        for file in $(find /sys/fs/cgroup -name tasks -o -name cgroup.procs); do ! { echo 0 >"$file"; } 2>/dev/null || left=1; done
        mount -o remount,rw /sys/fs/cgroup/cpu || mount -o remount,bind,rw /sys/fs/cgroup
        unshare --map-root-user --user --mount --cgroup sh -c "
            for at in \$(grep -l . /sys/fs/cgroup/tasks /sys/fs/cgroup/*/tasks /sys/fs/cgroup/cgroup.procs); do
                mount -o remount,bind,rw \${at%/*}; ! echo 0 >\$at || echo left by \$at; done" 2>/dev/null
        echo "left $left"; cat /proc/self/cgroup'
    for who in 'chcontext --secure' 'chcontext --secure --areas proc,cgroup' 'chcontext --areas proc,users' \
        'chcontext --areas proc,users,cgroup' 'delegated chcontext' 'delegated chcontext --areas proc,cgroup'; do
        run $who --silent --flag sched sh -c "$leave"
        echo "$who: $output"
        [[ $output == *'left 0'* && $output != *'left by'* ]]
    done
    quiet --secure --flag sched sh -c "$leave; sleep 988" >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- & local chcontext=$!
    wait_until grep -q '^left 0' "$BATS_TEST_TMPDIR/out"
    wait_until pgrep -f '^sleep 988$'
    grep -q '/\.counted-' "/proc/$(pgrep -f '^sleep 988$')/cgroup"
    pkill -f '^sleep 988$'
    wait "$chcontext" || true
    end_delegation
}

# ---------------------------------------------------------------------------------------------- numbers and names

@test "a name and a number are one context, which is entered below its ceiling" {
    quiet --ctx web --cap '!net_admin' --flag lock --disconnect sleep 990
    run quiet --ctx web sh -c 'grep CapBnd /proc/self/status; unshare --mount true; chcontext --show'
    (( (0x$(awk '/^CapBnd/ { print $2 }' <<<"$output") >> 12 & 1) == 0 ))
    [[ $output == *'unshare failed'* && $output == *'name         web'* && $output == *'flags        lock'* ]]
    local number
    number=$(awk '/^context/ { print $2 }' <<<"$output")
    run quiet --ctx "$number" pgrep -x sleep
    [ "$status" -eq 0 ]
    run --separate-stderr chcontext --ctx web true
    [ "$stderr" = "New security context is $number" ]
    quiet --ctx web killall sleep
    wait_until test ! -e "/run/vservers/.contexts/$number"
}

@test "only root of the main environment chooses a context" {
    run as_user chcontext --ctx 7 true
    [ "$status" -eq 125 ]
    [[ $output == *'only root'* ]]
    run quiet chcontext --ctx 7 true
    [ "$status" -eq 125 ]
    run as_user chcontext --ctx 1 true
    [ "$status" -eq 125 ]
}

@test "a record whose context is gone is nobody's" {
    quiet --ctx 7 --disconnect sleep 989
    cp /run/vservers/.contexts/7 "$BATS_TEST_TMPDIR/record"
    pkill -f '^sleep 989$'
    wait_until test ! -e /run/vservers/.contexts/7
    cp "$BATS_TEST_TMPDIR/record" /run/vservers/.contexts/7
    run quiet --ctx 7 pgrep -x sleep         # made anew
    [ "$status" -eq 1 ]
    wait_until test ! -e /run/vservers/.contexts/7
}

@test "--show tells number, name, flags and ceiling, as text and as one document" {
    quiet --ctx web --flag lock --disconnect sleep 988
    local pid
    wait_until pgrep -f '^sleep 988$'
    pid=$(pgrep -f '^sleep 988$')
    run chcontext --show "$pid"
    [[ $output == *'name         web'* && $output == *'kind         registered'* && $output == *'flags        lock'* ]]
    chcontext --show --json "$pid" | python3 -c 'import json, sys; d = json.load(sys.stdin)
assert d["name"] == "web" and d["flags"] == ["lock"] and d["context"] == 4196 and "chown" in d["bounding"], d'
    run chcontext --show
    [[ $output == *'context      0'* && $output == *'kind         main'* ]]
    kill "$pid"
    run chcontext --show 1073741824
    [ "$status" -eq 1 ]
    wait_until test ! -e /run/vservers/.contexts/4196
}
