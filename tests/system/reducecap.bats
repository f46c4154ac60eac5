#!/usr/bin/env bats
# reducecap(8): the ceiling, as root, as an ordinary user, and as a user of a tool that was granted cap_setpcap.

load ../support/common
load ../support/contexts

bounding='awk /^CapBnd/{print$2} /proc/self/status'

@test "what is taken away is in no set, and no child gets it back" {
    run reducecap --cap '!net_admin' --cap !CAP_KILL sh -c "grep -E '^Cap(Bnd|Prm|Eff|Inh|Amb)' /proc/self/status"
    [ "$status" -eq 0 ]
    local name value
    while read -r name value; do
        (( (0x$value >> 12 & 1) == 0 && (0x$value >> 5 & 1) == 0 )) || { echo "$name $value"; return 1; }
    done <<<"$output"
    run reducecap --cap '!net_admin' ip link set lo down
    [ "$status" -ne 0 ]
    [[ $output == *'not permitted'* ]]
}

@test "a setuid program stays below the ceiling, and a file capability too" {
    local cat ip
    cat=$(setuid_copy cat)
    ip=$(capable_copy ip cap_net_admin+ep)
    run as_user "$cat" /proc/self/status
    (( 0x$(awk '/^CapEff/ { print $2 }' <<<"$output") >> 12 & 1 ))
    # Root sets the ceiling, then gives up its uid: what the user executes is below it.
    run reducecap --cap '!net_admin' setpriv --reuid "$user_id" --clear-groups "$cat" /proc/self/status
    (( (0x$(awk '/^CapEff/ { print $2 }' <<<"$output") >> 12 & 1) == 0 ))
    run reducecap --cap '!net_admin' setpriv --reuid "$user_id" --clear-groups "$ip" link set lo up
    [ "$status" -ne 0 ]
}

@test "--secure leaves no way to administer, and --cap adds to it" {
    for attack in 'ip link set eth0 down' 'mount -t tmpfs none /mnt' 'mknod /tmp/disk b 8 0' 'unshare --net true' \
        'nsenter -t 1 -m true' 'hostname other' 'chroot / ip link set eth0 down'; do
        run reducecap --secure sh -c "$attack"
        echo "$attack: $status $output"
        [ "$status" -ne 0 ]
    done
    run reducecap --secure --cap sys_admin mount -t tmpfs none /mnt
    [ "$status" -eq 0 ]
    umount /mnt
}

@test "it is only narrowed: what is gone stays gone whatever is asked for" {
    run reducecap --cap '!sys_admin' reducecap --cap sys_admin unshare --mount true
    [ "$status" -ne 0 ]
    run reducecap --cap '!sys_admin' reducecap --show
    [[ $output == *'bounding     all but '*sys_admin* ]]
}

@test "an ordinary user gets no_new_privs and one line, and setuid programs give nothing" {
    local cat
    cat=$(setuid_copy cat)
    run --separate-stderr as_user reducecap --secure "$cat" /proc/self/status
    [ "$status" -eq 0 ]
    [ "$stderr" = 'reducecap: the ceiling is held by no_new_privs: setuid programs such as su give nothing below it' ]
    [[ $output == *$'NoNewPrivs:\t1'* ]]
    (( 0x$(awk '/^CapEff/ { print $2 }' <<<"$output") == 0 ))
}

@test "doctor grants reducecap and nothing else, and to revoke twice is once" {
    local tool
    tool=$(installed_copy reducecap)
    run --separate-stderr "${tool%/*}/vserver" doctor --grant vkill
    [ "$status" -eq 2 ]
    [ "$stderr" = "vserver: 'vkill' gets no grant: only reducecap does" ]
    "${tool%/*}/vserver" doctor --revoke reducecap
    run "${tool%/*}/vserver" doctor --grant reducecap --revoke reducecap
    [ "$status" -eq 2 ]
}

@test "with cap_setpcap, a user cannot take from setuid programs the means to give up root" {
    local tool cat
    tool=$(capable_copy reducecap cap_setpcap+ep)
    cat=$(setuid_copy cat)
    run as_user "$tool" --cap '!setuid' "$cat" /proc/self/status
    [[ $output == 'reducecap: the ceiling is held by no_new_privs'* ]]
    [[ $output == *$'NoNewPrivs:\t1'* ]]
    (( 0x$(awk '/^CapEff/ { print $2 }' <<<"$output") == 0 ))
}

@test "the flags lock, ulimit and no_new_privs hold, for root and for a user" {
    local who
    for who in env as_user; do
        run $who reducecap --flag lock unshare --user true
        [ "$status" -ne 0 ]
        run $who reducecap --flag lock sh -c 'true & wait $!'
        [ "$status" -eq 0 ]
        run $who sh -c 'ulimit -Sn 64; exec reducecap --flag ulimit sh -c "ulimit -Hn; ulimit -n 65"'
        [ "$status" -ne 0 ]
        [[ $output == *64* ]]
        run $who reducecap --flag no_new_privs grep NoNewPrivs /proc/self/status
        [[ $output == *1 ]]
    done
}

@test "the command's status is passed, and failures of our own are told apart" {
    run reducecap sh -c 'exit 7'
    [ "$status" -eq 7 ]
    run -127 reducecap --secure /nowhere/nothing
    run reducecap /etc/passwd
    [ "$status" -eq 126 ]
    for wrong in '' '--nonsense true' '--cap net_admn true' '--flag nonsense true' '--flag private true'; do
        run reducecap $wrong
        [ "$status" -eq 125 ]
        [ "$(wc -l <<<"$output")" -eq 1 ]
        [[ $output == reducecap:* ]]
    done
    run reducecap --show 1 2
    [ "$status" -eq 1 ]
}

@test "--show tells the sets of a process, as text and as one document" {
    sleep 1000 3>&- &
    run reducecap --show $!
    [[ $output == *'no_new_privs no'* && $output == *'inheritable  none'* ]]
    reducecap --show --json $! | python3 -c 'import json, sys; d = json.load(sys.stdin)
assert d["pid"] == int(sys.argv[1]) and "chown" in d["bounding"] and d["no_new_privs"] is False' $!
    kill $!
    wait $! || true
    run reducecap --show $!
    [ "$status" -eq 1 ]
    [[ $output == "reducecap: there is no process $!" ]]
}
