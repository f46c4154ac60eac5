#!/usr/bin/env bats
# Attacks on a context from inside, as root and as an ordinary user, and everything that context 1 must not be able to do.

load ../support/common
load ../support/contexts

setup() {
    sleep 1000 3>&- &
    outside=$!
    wait_until grep -qx sleep "/proc/$outside/comm"    # until its exec it has the shell's name
    here=${BATS_TEST_FILENAME%/*}
}

teardown() {
    kill "$outside" 2>/dev/null || true
    wait "$outside" || true
    end_test
}

unharmed() {
    [ "$(ps -o stat=,ni=,comm= -p "$outside")" = "$1" ]
    [ "$(<"/proc/$outside/oom_score_adj")" -eq 0 ]
}

# inside WHO SCRIPT: run it in a context; it must not print SEEN, which it does where it sees the process outside.
never_seen() {
    run "$1" chcontext --silent sh -c "$2"
    echo "$1: $2: $status $output"
    [[ $output != *SEEN* ]]
    kill -0 "$outside"
}

@test "no /proc of the outside is left anywhere, nor below the one inside" {
    local who dir=$BATS_TEST_TMPDIR/proc look=$BATS_TEST_TMPDIR/look attack
    mkdir "$dir"
    open_directory
    mount -n -t proc proc "$dir"
    cat >"$look" <<-END
	for place in /proc $dir /mnt /run/testhost/proc /..; do
	    grep -qs sleep \$place/$outside/comm && grep -qs 1000 \$place/$outside/cmdline && echo SEEN at \$place
	done
	END
    sh "$look" | grep -q SEEN           # outside it is seen
    run -0 chcontext --silent awk '$5 == "/" && n++ { print "SEEN over the root:", $0 }' /proc/self/mountinfo
    [[ $output != *SEEN* ]]
    for who in env as_user; do
        for attack in true "umount -nl /proc; umount -nl $dir" 'mount -n --move /proc /mnt' 'mount -n -t proc proc /mnt'; do
            never_seen $who "$attack; sh $look"
        done
        for attack in 'umount -nl /proc' 'umount -nlR /proc' "umount -nl $dir" 'mount -n --move /proc /mnt' 'mount -n -t proc proc /mnt'; do
            never_seen $who "unshare --user --map-root-user --mount sh -c '$attack; sh $look'"
            never_seen $who "unshare --user --map-root-user --mount --pid --fork sh -c '$attack; sh $look'"
        done
    done
    for attack in 'umount -nl /proc' "umount -nl $dir" 'mount -n --move /proc /mnt'; do
        run chcontext --silent --areas proc,users sh -c "$attack; sh $look"
        [[ $output != *SEEN* ]]
    done
    umount -n "$dir"
}

@test "the directory of a single process that was mounted somewhere is gone for root, and refused to a user" {
    local dir=$BATS_TEST_TMPDIR/one
    mkdir "$dir"
    mount -n --bind "/proc/$outside" "$dir"
    never_seen env "grep -qs sleep $dir/comm && echo SEEN; umount -n $dir; grep -qs sleep $dir/comm && echo SEEN"
    run as_user chcontext --silent true
    [ "$status" -eq 125 ]
    [[ $output == *'only root can take that away'* ]]
    umount -n "$dir"
}

@test "root cannot go back through a namespace, pinned or found" {
    require_feature program python3
    local pin=$BATS_TEST_TMPDIR/pin
    touch "$pin"
    unshare --mount="$pin" --propagation unchanged true 2>/dev/null || mount -n --bind /proc/self/ns/net "$pin"
    run chcontext --silent python3 "$here/way_back.py" "$pin"
    echo "$output"
    [ "$status" -eq 0 ]
    run as_user chcontext --silent python3 "$here/way_back.py" "$pin"
    [ "$status" -eq 0 ]
    umount -n "$pin"
    never_seen env "nsenter -t 1 -m -p -i ps axo args | grep -q '^sleep 1000' && echo SEEN"
}

@test "descriptors and a working directory of the outside do not lead out" {
    local who
    for who in env as_user; do
        cd /proc
        never_seen $who "ls -d $outside; [ -e $outside/comm ] && grep -q sleep $outside/comm && echo SEEN"
        exec 8</proc 9</
        never_seen $who "for n in 8 9; do [ -e /proc/self/fd/\$n ] && echo SEEN; [ -e /dev/fd/\$n/../proc/$outside ] && echo SEEN; done"
        exec 8<&- 9<&-
        cd "$BATS_TEST_TMPDIR"
    done
    run chcontext --silent true </
    [ "$status" -eq 125 ]
    [[ $output == *'is a directory or a namespace of the outside'* ]]
    run chcontext --silent cat 8<<<fine /dev/fd/8       # a file is handed on
    [ "$output" = fine ]
}

@test "nor do those of the first process, while it is not yet the reaper" {
    local who i program
    program=$(open_directory)/first_process
    install -m 0755 "$VSERVER_BUILD/tests/first_process" "$program"
    for who in env as_user; do
        for (( i = 0; i < 40; i++ )); do $who chcontext --silent "$program" fd/9 9</proc; done
        cd "$BATS_TEST_TMPDIR"
        for (( i = 0; i < 40; i++ )); do (cd /proc && $who chcontext --silent "$program" cwd/$outside); done
    done
    for (( i = 0; i < 40; i++ )); do chcontext --silent --secure "$program" --memory; done
    for (( i = 0; i < 40; i++ )); do as_user chcontext --silent "$program" --memory; done
}

@test "the kernel's numbers of the outside mean nobody inside" {
    local who
    for who in env as_user; do
        run $who chcontext --silent python3 "$here/touch.py" "$outside" kill tkill tgkill rt_sigqueueinfo pidfd_send_signal 'ptrace attach' \
            'ptrace seize' process_vm_readv pidfd_getfd prlimit setpriority sched_setaffinity sigio /proc/PID/mem 'setns mnt' 'kill -1'
        echo "$who: $output"
        [ "$status" -eq 0 ]
    done
    kill -0 "$outside"
}

@test "a user has no capability inside, whatever he executes" {
    local ip
    ip=$(capable_copy ip cap_net_admin+ep)
    run as_user chcontext --silent sh -c "grep -E 'Cap(Prm|Eff|Inh|Amb)' /proc/self/status"
    [ "$(grep -c '0000000000000000$' <<<"$output")" -eq 4 ]
    run as_user chcontext --silent "$ip" link set lo down
    [ "$status" -ne 0 ]
    run as_user chcontext --silent "$(setuid_copy cat)" /proc/self/status
    [[ $output == *$'Uid:\t4711\t4711\t4711\t4711'* ]]
}

@test "what is entered into a context has nothing of the outside that its root could take by tracing it" {
    require_feature program python3
    local i
    chcontext --silent --ctx trap --cap '!sys_module' python3 "$here/catch_entrant.py" 8 >"$BATS_TEST_TMPDIR/caught" 3>&- &
    wait_until grep -q ready "$BATS_TEST_TMPDIR/caught"
    for (( i = 0; i < 30; i++ )); do chcontext --silent --ctx trap true 9</proc; done
    wait $! || { cat "$BATS_TEST_TMPDIR/caught"; return 1; }
    tail -n 1 "$BATS_TEST_TMPDIR/caught"
    (( $(sed -n 's/ caught$//p' "$BATS_TEST_TMPDIR/caught") > 0 ))
}

@test "a context that stops what is entered keeps nobody out of the others" {
    require_feature program python3
    chcontext --silent --ctx trap python3 "$here/catch_entrant.py" 60 hold >"$BATS_TEST_TMPDIR/held" 3>&- &
    local trap=$! entered=()
    wait_until grep -q ready "$BATS_TEST_TMPDIR/held"
    until grep -q held "$BATS_TEST_TMPDIR/held"; do
        chcontext --silent --ctx trap true 3>&- &
        entered+=($!)
        sleep 0.1
    done
    run timeout --signal=KILL 10 chcontext --silent --ctx other echo in
    kill -KILL "$trap" "${entered[@]}" 2>/dev/null || true
    wait "$trap" "${entered[@]}" || true
    [ "$output" = in ]
}

@test "context 1 can signal, trace, change and enter nothing, by any of the known ways" {
    require_feature program python3
    local before
    before=$(ps -o stat=,ni=,comm= -p "$outside")
    run chcontext --silent --ctx 1 python3 "$here/touch.py" "$outside"
    grep -v ': refused' <<<"$output" || true
    [ "$status" -eq 0 ]
    [ "$(grep -c ': refused' <<<"$output")" -gt 45 ]
    unharmed "$before"
    # The same of a process that root has left without any capability, and of another spectator.
    setpriv --bounding-set=-all --inh-caps=-all sleep 986 3>&- &
    local bare=$!
    chcontext --silent --ctx 1 sleep 985 3>&- &
    local tool=$!
    wait_until pgrep -f '^sleep 985$'
    run chcontext --silent --ctx 1 python3 "$here/touch.py" "$bare"
    [ "$status" -eq 0 ]
    run chcontext --silent --ctx 1 python3 "$here/touch.py" "$(pgrep -f '^sleep 985$')"
    echo "$output"
    [ "$status" -eq 0 ]
    kill "$bare" "$tool"
    wait "$bare" "$tool" || true
}

@test "the ways do work for root outside: the test above can fail" {
    require_feature program python3
    local way
    for way in 'ptrace attach' prlimit setpriority oom_score_adj pidfd_getfd sched_setscheduler /proc/PID/fd kill; do
        sleep 984 3>&- &
        run python3 "$here/touch.py" "$!" "$way"
        [ "$output" = "$way: DONE" ]
        kill -KILL "$!" 2>/dev/null || true
        wait "$!" || true
    done
}

@test "context 1 sees processes even where /proc hides those of others" {
    unshare --mount sh -c "mount -t proc -o hidepid=invisible proc /proc && chcontext --silent --ctx 1 ps axo pid" | grep -qw "$outside"
}
