#!/usr/bin/env bats
# The sessions of the document (2.6.1 to 2.6.4), in its order: what a reader of it types, and what it says he sees.

load ../support/common
load ../support/started
load ../support/contexts

setup_file() {
    ip address add 10.77.0.21/24 dev eth0
    ip address add 10.77.0.22/24 dev eth0
    begin_suite
}

# Something outside that must not be seen or signalled.
setup() {
    sleep 1000 3>&- & outside=$!
    started=("$outside")
}

teardown() { end_started; }

quiet() { chcontext --silent "$@"; }
outside_lives() { kill -0 "$outside"; }

@test "2.6.1 chcontext: pstree and killall inside see the context only, for root and for a user" {
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

@test "2.6.1 chcontext: contexts are nested at will, and each sees itself and what is in it" {
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

@test "2.6.2 chcontext as root: --ctx 1 sees every process and touches none; --ctx N killall does" {
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

@test "2.6.3 chbind: a web server without any setting is on the locked address alone, and so is a second one on its port" {
    local page
    for page in one two; do
        mkdir "$BATS_TEST_TMPDIR/$page"
        echo $page >"$BATS_TEST_TMPDIR/$page/index.html"
    done
    background chbind --ip 10.77.0.21 busybox httpd -f -p 80 -h "$BATS_TEST_TMPDIR/one"
    background chbind --ip 10.77.0.22 busybox httpd -f -p 80 -h "$BATS_TEST_TMPDIR/two"
    wait_until on_wire nc -z 10.77.0.21 80
    wait_until on_wire nc -z 10.77.0.22 80
    [ "$(on_wire curl -s http://10.77.0.21/)" = one ]
    [ "$(on_wire curl -s http://10.77.0.22/)" = two ]
    [ "$(ss -Hltn 'sport = 80' | awk '{ print $4 }' | tr -d '[]' | sed 's/^::ffff://' | sort | xargs)" = '10.77.0.21:80 10.77.0.22:80' ]
    run on_wire nc -z -w 1 10.77.0.2 80
    [ "$status" -ne 0 ]
    run nc -z 127.0.0.1 80
    [ "$status" -ne 0 ]
}

@test "2.6.3 chbind: telnet localhost from a locked client is seen to come from the locked address" {
    background nc -l -k 127.0.0.1 2300
    wait_until nc -z 127.0.0.1 2300
    background chbind --ip 10.77.0.21 nc 127.0.0.1 2300
    wait_until sh -c 'ss -Htn "sport = 2300" | grep -q 10.77.0.21'
    run ss -Htn 'dport = 2300'
    [[ $output == *'10.77.0.21:'*'127.0.0.1:2300'* ]]
}

@test "2.6.4 reducecap: root below --secure cannot take the interface down, or see what passes" {
    run reducecap --secure sh -c 'ip link set eth0 down'
    [[ $status -ne 0 && $output == *'Operation not permitted'* ]]
    run reducecap --secure /usr/bin/python3 -c 'import socket; socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 768)'
    [[ $status -ne 0 && $output == *PermissionError* ]]
    ip link show eth0 | grep -q 'state UP'
}

# A user starts a shell under the ceiling, becomes root, and cannot take the interface down.
@test "2.6.4 reducecap: with cap_setpcap on the tool, su below the ceiling is root without power" {
    require_feature program su
    local tool shadow=$BATS_TEST_TMPDIR/shadow
    tool=$(installed_copy reducecap)
    "${tool%/*}/vserver" doctor --grant reducecap
    [ "$(getcap "$tool")" = "$tool cap_setpcap=ep" ]
    sed "s|^root:[^:]*:|root:$(perl -e 'print crypt("secret", q($6$salt))'):|" /etc/shadow >"$shadow"
    chmod 0600 "$shadow"
    mount --bind "$shadow" /etc/shadow
    run as_user "$tool" --secure sh -c 'awk "/^Cap(Bnd|Eff)/" /proc/self/status
        echo secret | su -s /bin/sh -c "id -u; awk /^CapEff/ /proc/self/status; ip link set eth0 down"'
    umount /etc/shadow
    echo "$output"
    [ "$status" -ne 0 ]
    [[ $output != *no_new_privs* ]]
    (( (0x$(awk '/^CapBnd/ { print $2 }' <<<"$output") >> 12 & 1) == 0 ))
    local effective
    effective=($(awk '/^CapEff/ { print $2 }' <<<"$output"))
    (( 0x${effective[0]} == 0 && 0x${effective[1]} != 0 && (0x${effective[1]} >> 12 & 1) == 0 ))
    [[ $output == *$'Password: 0\n'* ]]
    [[ $output == *'Operation not permitted'* ]]
    ip link show eth0 | grep -q 'state UP'

    "${tool%/*}/vserver" doctor --revoke reducecap
    [ -z "$(getcap "$tool")" ]
    run as_user "$tool" --secure true
    [[ $output == *'held by no_new_privs'* ]]
}
