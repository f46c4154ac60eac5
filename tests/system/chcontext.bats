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

# ---------------------------------------------------------------------------------------------- the document's sessions

@test "pstree and killall inside see the context only, for root and for a user" {
    local who
    for who in env as_user; do
        run $who chcontext --silent sh -c 'sleep 999 & until grep -q sleep /proc/$!/comm; do :; done; pstree 1; killall sleep; wait $!; echo "ended $?"'
        [ "$status" -eq 0 ]
        [[ $output == *'vserver-reaper'*sleep*'ended 143'* ]]
        [[ $output != *bats* ]]
        run $who chcontext --silent sh -c 'killall sleep; ps ax --no-headers | wc -l'
        [[ $output == *'no process found'* ]]
        [ "${lines[1]}" -le 4 ]
        outside_lives
    done
}

@test "contexts are nested at will, and each sees itself and what is in it" {
    local who
    for who in env as_user; do
        run $who chcontext --silent sh -c 'sleep 998 & chcontext --silent sh -c "sleep 997 >/dev/null 2>&1 & chcontext --silent ps axo args; ps axo args"
            ps axo args; killall sleep'
        [ "$status" -eq 0 ]
        (( $(grep -c '^sleep 997' <<<"$output") == 2 ))    # the second and the first see it, the third does not
        (( $(grep -c '^sleep 998' <<<"$output") == 1 ))
        [[ $output != *'sleep 1000'* ]]
    done
}

@test "--ctx 1 sees every process and touches none; --ctx N killall does" {
    chcontext --silent --ctx web --disconnect sleep 996
    run quiet --ctx 1 ps ax
    [[ $output == *'sleep 996'* && $output == *'sleep 1000'* && $output == *bats* ]]
    run quiet --ctx 1 killall sleep
    [ "$status" -ne 0 ]
    [[ $output == *'Operation not permitted'* ]]
    run quiet --ctx web killall sleep
    [ "$status" -eq 0 ]
    wait_until sh -c '! pgrep -f "^sleep 996$"'
    outside_lives
}

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
        '--ctx 9 --areas uts true' '--flag sched true' '--areas uts --flag fakeinit true' '--nonsense'; do
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

@test "nproc: the limit counts for the context, and root is told what does it" {
    run as_user bash -c 'ulimit -u 12; chcontext --silent --flag nproc sh -c "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14; do sleep 1 & done; wait"'
    [[ $output == *'fork'* ]]
    run quiet --flag nproc true
    [ "$status" -eq 125 ]
    [[ $output == *TasksMax* ]]
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
