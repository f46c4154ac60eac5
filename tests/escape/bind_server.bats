#!/usr/bin/env bats
# A server of network kind `bind`, which is in the host's network namespace: each kind of socket tries to use an address that is not the
# server's (sockets.py), by its root and by a user of it.

load ../support/common
load ../support/servers

readonly here=$BATS_TEST_DIRNAME port=7001

setup_file() {
    echo '0 2147483647' >/proc/sys/net/ipv4/ping_group_range
    wire /usr/bin/python3 "$BATS_TEST_DIRNAME/reflector.py" 7001 >/dev/null 2>&1 3>&- &
    echo $! >"$BATS_FILE_TMPDIR/reflector"
    wait_until nc -z 10.77.0.1 7001
    build_small
    begin_suite
}

teardown_file() { kill "$(<"$BATS_FILE_TMPDIR/reflector")"; }

teardown() { remove_servers; end_test; }

# It has the programs of the host.
make_server() {
    new_small small --network bind --address "$1"
    printf '\n[[mount]]\nfrom = "/usr"\nto = "/usr"\n' >>/etc/vservers/small.toml
    vserver small start
    vserver small exec -- sh -c 'ln -s usr/lib usr/lib64 / && cat >/sockets.py' <"$here/sockets.py"
}

# attempts USER FAMILY ADDRESS OTHER OUTSIDE: with an abstract socket on the host.
attempts() {
    local outside status=0
    /usr/bin/python3 -c 'import os, signal, socket
s = socket.socket(socket.AF_UNIX); s.bind("\0canary"); s.listen(); os.write(1, b"ready\n"); signal.pause()' >"$BATS_TEST_TMPDIR/outside" 3>&- &
    outside=$!
    wait_until grep -q ready "$BATS_TEST_TMPDIR/outside"
    vserver small exec -u "$1" -e ABSTRACT=canary -- /usr/bin/python3 /sockets.py "${@:2}" $port || status=$?
    kill "$outside"
    wait "$outside" 2>/dev/null || true
    return "$status"
}

# Between the groups below its own its root may move: the lock is on the one above.
without_own_groups() { grep -v '^group: '; }
without_landlock_scopes() { [[ $(printf '%s\n' 6.12 "$(uname -r)" | sort -V | head -n 1) != 6.12 ]]; }

expect_none_escaped() {
    echo "$output"
    (( $(grep -c ': ' <<<"$output") >= 34 ))
    output=$(without_own_groups <<<"$output")
    if without_landlock_scopes; then output=$(grep -v '^abstract: ' <<<"$output"); fi
    run ! grep ESCAPED <<<"$output"
}

readonly four=(4 10.77.0.50 10.77.0.2 10.77.0.1) six=(6 fd77::50 fd77::2 fd77::1)

@test "its root, IPv4" { make_server 10.77.0.50; run attempts root "${four[@]}"; expect_none_escaped; }
@test "its root, IPv6" { make_server fd77::50; run attempts root "${six[@]}"; expect_none_escaped; }
@test "a user of it, IPv4" { make_server 10.77.0.50; run attempts web "${four[@]}"; expect_none_escaped; }
@test "a user of it, IPv6" { make_server fd77::50; run attempts web "${six[@]}"; expect_none_escaped; }
