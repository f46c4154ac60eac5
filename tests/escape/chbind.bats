#!/usr/bin/env bats
# chbind: each kind of socket, in both families, by root and by a user, tries to use an address that is not its own. The attempts
# are in sockets.py; docs/decisions/address-lock.md has the table.

load ../support/common
load ../support/lock_service

readonly here=$BATS_TEST_DIRNAME port=7001

setup_file() {
    ip address add 10.77.0.21/24 dev eth0
    ip address add 10.77.0.22/24 dev eth0
    ip address add fd77::21/64 dev eth0 nodad
    ip address add fd77::22/64 dev eth0 nodad
    echo '0 2147483647' >/proc/sys/net/ipv4/ping_group_range
    wire /usr/bin/python3 "$BATS_TEST_DIRNAME/reflector.py" 7001 >/dev/null 2>&1 3>&- &
    echo $! >"$BATS_FILE_TMPDIR/reflector"
    wait_until nc -z 10.77.0.1 7001
    start_lock_service
    grant '[user.65534]
addresses = ["10.77.0.21", "10.77.0.22", "fd77::21"]'
    begin_suite
}

teardown_file() {
    stop_lock_service
    rm -f /etc/vservers/grants.toml
    kill "$(<"$BATS_FILE_TMPDIR/reflector")"
}

# attempts FAMILY ROLE [OPTION...]: with an abstract socket, and a process with a socket, of the same user outside. The roles: root; a
# user whom root locks; a user who locks himself; root in a lock inside another one, which has the address that he tries; a user whose
# calls are supervised.
attempts() {
    local user=(setpriv --reuid 65534 --regid 65534 --clear-groups) before=() outer=() after=() as=() outside status=0
    local addresses=(10.77.0.21 10.77.0.2 10.77.0.1)
    [[ $1 == 4 ]] || addresses=(fd77::21 fd77::2 fd77::1)
    case $2 in
        user)  after=("${user[@]}" --no-new-privs) as=("${user[@]}") ;;
        self|honest) before=("${user[@]}") as=("${user[@]}") ;;
        inner) outer=(--ip "${addresses[0]}" --ip "${addresses[1]}" chbind --silent) ;;
    esac
    "${as[@]}" /usr/bin/python3 -c 'import os, socket, signal
s = socket.socket(socket.AF_UNIX); s.bind("\0canary"); s.listen(); t = socket.socket(); os.write(1, b"ready\n"); signal.pause()' \
        >"$BATS_TEST_TMPDIR/outside" 3>&- &
    outside=$!
    wait_until grep -q ready "$BATS_TEST_TMPDIR/outside"
    ABSTRACT=canary OUTSIDE_PID=$outside INHERITED=9 "${before[@]}" chbind --silent "${outer[@]}" --ip "${addresses[0]}" "${@:3}" \
        "${after[@]}" /usr/bin/python3 "$here/sockets.py" "$1" "${addresses[@]}" $port 9<>"/dev/tcp/10.77.0.1/$port" || status=$?
    kill "$outside"
    wait "$outside" 2>/dev/null || true
    chbind --silent --ip "${addresses[0]}" true    # takes away a user's group, which is empty now
    return "$status"
}

# Landlock closes abstract sockets from Linux 6.12 on.
without_landlock_scopes() { [[ $(printf '%s\n' 6.12 "$(uname -r)" | sort -V | head -n 1) != 6.12 ]]; }

expect_none_escaped() {
    echo "$output"
    (( $(grep -c ': ' <<<"$output") >= 36 ))
    if without_landlock_scopes; then output=$(grep -v '^abstract: ' <<<"$output"); fi
    ! grep ESCAPED <<<"$output" || false
}

@test "no kind of socket gets away from its address: root, IPv4" { run attempts 4 root; expect_none_escaped; }
@test "no kind of socket gets away from its address: root, IPv6" { run attempts 6 root; expect_none_escaped; }
@test "no kind of socket gets away from its address: a user, IPv4" { run attempts 4 user; expect_none_escaped; }
@test "no kind of socket gets away from its address: a user, IPv6" { run attempts 6 user; expect_none_escaped; }
@test "no kind of socket gets away from its address: a user by the lock service, IPv4" { run attempts 4 self; expect_none_escaped; }
@test "no kind of socket gets away from its address: a user by the lock service, IPv6" { run attempts 6 self; expect_none_escaped; }
@test "no kind of socket gets away from its address: root in a lock inside another, IPv4" { run attempts 4 inner; expect_none_escaped; }
@test "no kind of socket gets away from its address: root in a lock inside another, IPv6" { run attempts 6 inner; expect_none_escaped; }

# No boundary: these attempts are plain, and what is beyond them is in the documentation.
@test "no kind of socket gets away where honest programs are supervised, IPv4" { run attempts 4 honest --honest; expect_none_escaped; }
@test "no kind of socket gets away where honest programs are supervised, IPv6" { run attempts 6 honest --honest; expect_none_escaped; }

@test "with a loopback of its own neither" { run attempts 4 root --own-loopback; expect_none_escaped; }
@test "with several addresses neither: IPv4" { run attempts 4 root --ip 10.77.0.22 --ip fd77::22; expect_none_escaped; }
@test "with several addresses neither: IPv6" { run attempts 6 root --ip fd77::22; expect_none_escaped; }
@test "with several addresses neither: a user by the lock service" { run attempts 4 self --ip 10.77.0.22; expect_none_escaped; }

@test "a datagram socket that is not of the lock is not found under its addresses, when the lock's own is gone" {
    local ask='import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(0.5); s.sendto(b"who", ("10.77.0.22", 7005))
try: print(s.recvfrom(9)[0])
except OSError: print("nothing")'
    local answer='import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind((sys.argv[1], 7005)); print("bound", flush=True)
words, peer = s.recvfrom(9); s.sendto(sys.argv[2].encode(), peer)'
    chbind --silent --ip 10.77.0.21 --ip 10.77.0.22 sh -c 'sleep 987 & wait' 3>&- & local lock=$!    # keeps it known
    chbind --silent --ip 10.77.0.21 --ip 10.77.0.22 /usr/bin/python3 -c "$answer" 0.0.0.0 lock >"$BATS_TEST_TMPDIR/out" 3>&- &
    wait_until grep -q bound "$BATS_TEST_TMPDIR/out"
    [ "$(/usr/bin/python3 -c "$ask")" = "b'lock'" ]
    wait $!
    local other
    for other in env 'chbind --silent --ip 10.77.0.21'; do
        $other /usr/bin/python3 -c "$answer" 10.77.0.21 other >"$BATS_TEST_TMPDIR/out" 3>&- & local outside=$!
        wait_until grep -q bound "$BATS_TEST_TMPDIR/out"
        [ "$(/usr/bin/python3 -c "$ask")" = nothing ]
        kill "$outside"
        wait "$outside" || true
    done
    pkill -f '^sleep 987$'
    wait "$lock" || true
}

@test "the attempts are real: without a lock they succeed" {
    run /usr/bin/python3 "$here/sockets.py" 4 10.77.0.21 10.77.0.2 10.77.0.1 $port
    echo "$output"
    [ "$status" -eq 1 ]
    (( $(grep -c ESCAPED <<<"$output") >= 25 ))
}

@test "the table in the documentation has each kind of socket that is tried" {
    local kind
    [[ -d $here/../../docs ]] || skip 'only the tests were carried to this machine'
    for kind in $(sed -nE 's/^@attempt\("([^"]*)".*/\1/p' "$here/sockets.py" | tr ' ' '~' | sort -u); do
        grep -q "^| ${kind//\~/ } |" "$here/../../docs/decisions/address-lock.md" || { echo "no row for: $kind"; return 1; }
    done
}

@test "root in a lock has not the means to take it off" {
    run chbind --silent --ip 10.77.0.21 bash -c '
        group=$(sed -n s/^0:://p /proc/self/cgroup) root=/sys/fs/cgroup
        [[ ! -d $root/unified ]] || root+=/unified
        echo 0 >"$root$(dirname "$group")/cgroup.procs"; echo "leave: $?"
        mount -o remount,rw "$root"; echo "remount: $?"
        umount -l "$root"; echo "unmount: $?"
        mount -t cgroup2 none /mnt; echo "mount: $?"
        nsenter -t 1 -m true; echo "enter: $?"
        nsenter --mount=/proc/1/ns/mnt true; echo "join: $?"
        rm -f /sys/fs/bpf/*/locks; echo "unpin: $?"
        ip address add 10.77.0.99/24 dev eth0; echo "address: $?"'
    echo "$output"
    for step in leave remount unmount mount enter join unpin address; do
        [[ $(grep "^$step: " <<<"$output") =~ [1-9]+$ ]]
    done
}

@test "a network namespace of its own is no way to the host's addresses" {
    run chbind --silent --ip 10.77.0.21 setpriv --reuid 65534 --regid 65534 --clear-groups unshare --user --map-root-user --net \
        /usr/bin/python3 -c 'import socket
s = socket.socket(); s.bind(("", 0)); print(s.getsockname()[0])
s = socket.socket(); s.settimeout(1); print(s.connect_ex(("10.77.0.1", 7001)))'
    echo "$output"
    [ "${lines[0]}" = 0.0.0.0 ]
    [ "${lines[1]}" = 101 ]      # ENETUNREACH: there is nothing there
}
