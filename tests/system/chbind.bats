#!/usr/bin/env bats
# chbind(8) as root: what a locked command sees, and what others see of it.

load ../support/common
load ../support/started

setup_file() {
    ip address add 10.77.0.21/24 dev eth0
    ip address add 10.77.0.22/24 dev eth0
    ip address add 198.51.100.5/24 dev eth0
    ip address add fd77::21/64 dev eth0 nodad
    ip address add fd77::22/64 dev eth0 nodad
    begin_suite
}

setup() { started=(); }

teardown() { end_started; }


# serve TEXT PORT [FAMILY]: python source of a server on any address that says TEXT and whom it sees.
serve() {
    cat <<END
import socket
s = socket.socket(socket.AF_INET${3:-}); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("${4:-}", $2)); s.listen()
while True:
    c, peer = s.accept(); c.sendall(("$1 sees " + peer[0] + " at " + c.getsockname()[0] + "\n").encode()); c.close()
END
}

readonly python=/usr/bin/python3
locked() { chbind --silent "$@"; }
say() { nc -w 2 "$1" "$2" </dev/null; }
groups() { find /sys/fs/cgroup -path '*/.contexts/*' -type d; }

@test "the command's status is passed on, and ours are told apart" {
    run locked --ip 10.77.0.21 sh -c 'exit 7'; [ "$status" -eq 7 ]
    run locked --ip 10.77.0.21 sh -c 'kill -TERM $$'; [ "$status" -eq 143 ]
    run -127 locked --ip 10.77.0.21 /nonexistent
    run locked --ip 10.77.0.21 /etc/passwd; [ "$status" -eq 126 ]
    run locked true; [ "$status" -eq 125 ]
    run locked --ip 10.77.0.98 true; [ "$status" -eq 125 ]
    [[ $output == *"no device of this host has the address 10.77.0.98"* ]]
    run locked --ip 10.77.0.21; [ "$status" -eq 125 ]
}

@test "without the lock service a lock inside another is refused, and nothing is run" {
    run locked --ip 10.77.0.21 --ip 10.77.0.22 chbind --silent --ip 10.77.0.21 echo EXECUTED
    [ "$status" -eq 125 ]
    [[ $output == *'the lock service does not run here'* && $output != *EXECUTED ]]
}

@test "it says what it locks to, unless it is to be silent" {
    run --separate-stderr chbind --ip 10.77.0.21 --ip fd77::21 true
    [ "$stderr" = 'chbind: ip address locked to 10.77.0.21 fd77::21' ]
    run --separate-stderr chbind --silent --ip 10.77.0.21 true
    [ -z "$stderr" ]
}

@test "two servers on any address and one port, each under its own lock, beside one of the host" {
    background chbind --silent --ip 10.77.0.21 $python -c "$(serve one 8080)"
    background chbind --silent --ip 10.77.0.22 $python -c "$(serve two 8080)"
    background $python -c "$(serve host 8080 '' 10.77.0.2)"
    for address in 10.77.0.21 10.77.0.22 10.77.0.2; do wait_until on_wire nc -z $address 8080; done
    [ "$(on_wire nc -w 2 10.77.0.21 8080 </dev/null)" = 'one sees 10.77.0.1 at 10.77.0.21' ]
    [ "$(on_wire nc -w 2 10.77.0.22 8080 </dev/null)" = 'two sees 10.77.0.1 at 10.77.0.22' ]
    [ "$(on_wire nc -w 2 10.77.0.2 8080 </dev/null)" = 'host sees 10.77.0.1 at 10.77.0.2' ]
    [ "$(ss -Hltn 'sport = 8080' | awk '{ print $4 }' | sort -V | xargs)" = '10.77.0.2:8080 10.77.0.21:8080 10.77.0.22:8080' ]
}

# Hears one datagram that a process of the host sends to the broadcast ADDRESS: "heard", or "refused" where it cannot be listened there.
hear() {    # ADDRESS OPTION...
    locked "${@:2}" $python -c 'import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
try: s.bind((sys.argv[1], 8092))
except OSError: sys.exit(print("refused"))
print("heard")' "$1"
}

@test "a broadcast address is listened on where a device has it, or where it is the one that was named" {
    ip address add 203.0.113.5/25 broadcast + dev eth0
    local broadcast=203.0.113.127
    [ "$(hear $broadcast --ip 203.0.113.5)" = heard ]
    [ "$(hear $broadcast --ip 203.0.113.5 --bcast $broadcast)" = heard ]
    [ "$(hear $broadcast --ip 10.77.0.21)" = refused ]
    [ "$(hear $broadcast --ip 203.0.113.5 --ip 10.77.0.21 --bcast 10.77.0.255)" = refused ]
    [ "$(hear 10.77.0.255 --ip 203.0.113.5 --ip 10.77.0.21 --bcast 10.77.0.255)" = heard ]    # the last of a network, which its device does not call so
    for wrong in 203.0.113.126 203.0.113.5 10.77.0.22 fd77::ff 255.255.255.0 none ''; do
        run hear $broadcast --ip 203.0.113.5 --bcast "$wrong"
        [ "$status" -eq 125 ] || { ip address del 203.0.113.5/25 dev eth0; echo "--bcast '$wrong': $output"; return 1; }
        [ "${#lines[@]}" -eq 1 ]
    done
    ip address del 203.0.113.5/25 dev eth0
}

@test "a client of the host's loopback is seen under its address" {
    background $python -c "$(serve host 8081 '' 127.0.0.1)"
    background $python -c "$(serve host 8082 6 ::1)"
    wait_until nc -z 127.0.0.1 8081
    wait_until nc -z ::1 8082
    [ "$(locked --ip 10.77.0.21 nc -w 2 127.0.0.1 8081 </dev/null)" = 'host sees 10.77.0.21 at 127.0.0.1' ]
    [ "$(locked --ip fd77::21 nc -w 2 ::1 8082 </dev/null)" = 'host sees fd77::21 at ::1' ]
}

@test "without a loopback of its own nothing is bound to the host's" {
    run locked --ip 10.77.0.21 $python -c 'import socket; socket.socket().bind(("127.0.0.1", 8083))'
    [[ $status -ne 0 && $output == *'Errno 99'* ]]
}

@test "a server on any address of both families is found under each of its addresses" {
    background chbind --silent --ip 10.77.0.21 --ip 10.77.0.22 --ip fd77::21 $python -c "
$(sed 's/; s.setsockopt.*/; s.setsockopt(41, 26, 0)/' < <(serve all 8084 6 ::))"
    wait_until on_wire nc -z 10.77.0.21 8084
    [ "$(on_wire nc -w 2 10.77.0.21 8084 </dev/null)" = 'all sees ::ffff:10.77.0.1 at ::ffff:10.77.0.21' ]
    [ "$(on_wire nc -w 2 10.77.0.22 8084 </dev/null)" = 'all sees ::ffff:10.77.0.1 at ::ffff:10.77.0.22' ]
    [ "$(on_wire nc -w 2 fd77::21 8084 </dev/null)" = 'all sees fd77::1 at fd77::21' ]
    run on_wire nc -z -w 1 10.77.0.2 8084; [ "$status" -ne 0 ]
    run on_wire nc -z -w 1 fd77::22 8084; [ "$status" -ne 0 ]
}

# A datagram server on any address, of both families with the word 6; and what asks it twice and says from where it answers.
datagram_programs() {
    cat >"$BATS_FILE_TMPDIR/answer" <<'END'
import socket, sys
s = socket.socket(socket.AF_INET6 if sys.argv[2] == "6" else socket.AF_INET, socket.SOCK_DGRAM)
if sys.argv[2] == "6": s.setsockopt(41, 26, 0)
s.bind(("", int(sys.argv[1])))
while True:
    words, peer = s.recvfrom(100); s.sendto(words, peer)
END
    cat >"$BATS_FILE_TMPDIR/ask" <<'END'
import socket, sys
port, patience = int(sys.argv[1]), float(sys.argv[2])
for address in sys.argv[3:]:
    s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(patience)
    try:
        for attempt in range(2):
            s.sendto(b"who", (address, port)); print(s.recvfrom(100)[1][0], flush=True)
    except OSError as error:
        print("nothing")
END
}
answer() { echo "$python $BATS_FILE_TMPDIR/answer"; }
ask() { echo "$python $BATS_FILE_TMPDIR/ask"; }

@test "a datagram server on any address is found under each of its addresses, and answers from the one that was asked" {
    local who
    datagram_programs
    background chbind --silent --ip 10.77.0.21 --ip 10.77.0.22 --ip fd77::21 --ip fd77::22 $(answer) 8091 6
    background chbind --silent --ip 10.77.0.21 --ip 10.77.0.22 $(answer) 8092 4
    wait_until sh -c 'ss -Hlun "sport = 8091 or sport = 8092" | grep -c . | grep -qx 2'
    for who in env wire; do
        [ "$($who $(ask) 8091 2 10.77.0.21 10.77.0.22 fd77::21 fd77::22 | uniq | xargs)" = '10.77.0.21 10.77.0.22 fd77::21 fd77::22' ]
        [ "$($who $(ask) 8092 2 10.77.0.22 10.77.0.21 | uniq | xargs)" = '10.77.0.22 10.77.0.21' ]
        [ "$($who $(ask) 8091 0.3 10.77.0.2 198.51.100.5 | uniq)" = nothing ]
    done
}

@test "who binds a datagram socket to one of the addresses by name has it, before a server on any address and after" {
    run locked --ip 10.77.0.21 --ip 10.77.0.22 $python -c '
import select, socket
def bound(address, port):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind((address, port)); return s
def who_gets(address, port, **servers):
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"who", (address, port))
    for ready in select.select(servers.values(), [], [], 2)[0]:
        ready.recv(9); print(*(name for name, server in servers.items() if server is ready))
one, two = "10.77.0.21", "10.77.0.22"
every = bound("", 8094)
who_gets(two, 8094, every=every)
named = bound(two, 8094)
who_gets(two, 8094, every=every, named=named); who_gets(one, 8094, every=every, named=named)
named = bound(two, 8095); every = bound("", 8095)
who_gets(two, 8095, every=every, named=named); who_gets(one, 8095, every=every, named=named)'
    [ "$(xargs <<<"$output")" = 'every named every named every' ]
}

@test "a datagram server on any address of a loopback of its own is found there, by nobody else" {
    datagram_programs
    background chbind --silent --ip 10.77.0.21 --ip fd77::21 --own-loopback sh -c "
        $(answer) 8093 6 & until ss -Hlun 'sport = 8093' | grep -q .; do :; done
        $(ask) 8093 2 127.0.0.1 ::1 10.77.0.21 fd77::21; echo end; wait"
    wait_until grep -q end "$BATS_TEST_TMPDIR/background"
    cat "$BATS_TEST_TMPDIR/background"
    [ "$(uniq "$BATS_TEST_TMPDIR/background" | xargs)" = '127.0.0.1 ::1 10.77.0.21 fd77::21 end' ]
    [ "$($(ask) 8093 0.3 127.0.0.1 ::1 | uniq)" = nothing ]
    pkill -f "^$(answer)"
}

@test "the source is the address that shares a network with the destination" {
    on_wire ip address add 198.51.100.1/24 dev eth0
    background wire $python "$BATS_TEST_DIRNAME/../escape/reflector.py" 7002
    wait_until nc -z 10.77.0.1 7002
    ask() { locked --ip 10.77.0.21 --ip 198.51.100.5 $python -c "import socket
s = socket.create_connection(('$1', 7002)); s.sendall(b'who'); print(s.recv(99).decode())"; }
    [ "$(ask 10.77.0.1)" = 10.77.0.21 ]
    [ "$(ask 198.51.100.1)" = 198.51.100.5 ]
    on_wire ip address del 198.51.100.1/24 dev eth0
}

@test "a loopback of its own is private, looks like the usual one, and is gone with the command" {
    background chbind --silent --ip 10.77.0.21 --own-loopback sh -c "
        /usr/bin/python3 -c '$(serve own 8085 '' 127.0.0.1)' & /usr/bin/python3 -c '$(serve own6 8085 6 ::1)' &
        while ! nc -z 127.0.0.1 8085 || ! nc -z ::1 8085; do sleep 0.1; done
        nc -w 2 127.0.0.1 8085 </dev/null; nc -w 2 ::1 8085 </dev/null; echo end; wait"
    wait_until grep -q end "$BATS_TEST_TMPDIR/background"
    grep -q '^own sees 127.0.0.1 at 127.0.0.1$' "$BATS_TEST_TMPDIR/background"
    grep -q '^own6 sees ::1 at ::1$' "$BATS_TEST_TMPDIR/background"
    run nc -z -w 1 127.0.0.1 8085; [ "$status" -ne 0 ]
    local four six
    four=$(ss -Hltn 'sport = 8085' | awk '{ print $4 }' | sed -n 's/^\(127\.[0-9.]*\):.*/\1/p')
    six=$(ip -6 -o address show dev lo | sed -n 's|.*inet6 \(fd76:[^/]*\)/.*|\1|p')
    [[ $four && $six ]]
    for address in "$four" "$six"; do        # the real addresses answer nobody outside, whatever his source
        run nc -z -w 1 "$address" 8085; [ "$status" -ne 0 ]
        run nc -z -w 1 -s "$address" "$address" 8085; [ "$status" -ne 0 ]
        run locked --ip 10.77.0.22 nc -z -w 1 "$address" 8085; [ "$status" -ne 0 ]
    done
    kill $(cat $(groups | sed 's|$|/cgroup.procs|'))
    wait_until locked --ip 10.77.0.22 sh -c "! ip -6 -o address show dev lo | grep fd76:"
}

@test "with a loopback of its own the host's is out of reach" {
    background $python -c "$(serve host 8086 '' 127.0.0.1)"
    wait_until nc -z 127.0.0.1 8086
    run locked --ip 10.77.0.21 --own-loopback nc -z -w 1 127.0.0.1 8086
    [ "$status" -ne 0 ]
}

@test "what it leaves running stays locked, and its group goes with the last process" {
    run locked --ip 10.77.0.21 sh -c '/usr/bin/python3 -c "$0" >/dev/null 2>&1 & echo $!' "$(serve daemon 8087)"
    [ "$status" -eq 0 ]
    local daemon=$output
    started+=("$daemon")
    wait_until on_wire nc -z 10.77.0.21 8087
    run on_wire nc -z -w 1 10.77.0.2 8087; [ "$status" -ne 0 ]
    [ "$(groups | wc -l)" -eq 1 ]
    kill "$daemon"
    wait_until sh -c "! kill -0 $daemon"
    locked --ip 10.77.0.21 true
    [ -z "$(groups)" ]
}

nobody_in_groups() { [[ -z $(groups | sed 's|$|/cgroup.procs|' | xargs cat 2>/dev/null) ]]; }

@test "killed with SIGKILL, chbind leaves the lock on" {
    chbind --silent --ip 10.77.0.21 sh -c 'echo $$; exec sleep 1000' >"$BATS_TEST_TMPDIR/pid" 3>&- &
    local tool=$!
    wait_until test -s "$BATS_TEST_TMPDIR/pid"
    kill -KILL $tool
    started+=("$(<"$BATS_TEST_TMPDIR/pid")")
    [ "$(groups | wc -l)" -eq 1 ]
    kill "$(<"$BATS_TEST_TMPDIR/pid")"
    wait_until nobody_in_groups
}

@test "a signal for chbind reaches the command" {
    chbind --silent --ip 10.77.0.21 sh -c 'trap "exit 9" TERM; echo ready; while :; do sleep 0.05; done' >"$BATS_TEST_TMPDIR/out" 3>&- &
    wait_until grep -q ready "$BATS_TEST_TMPDIR/out"
    kill -TERM $!
    local status=0
    wait $! || status=$?
    [ "$status" -eq 9 ]
}

@test "a lock and a context with a name stand side by side, whichever came first" {
    locked --ip 10.77.0.21 true
    chcontext --silent --ctx 9 --disconnect sleep 987
    locked --ip 10.77.0.21 true
    chcontext --silent --ctx 9 pkill -x sleep
    wait_until test ! -e /run/vservers/.contexts/9
}

@test "many at once" {
    local i
    for (( i = 0; i < 20; i++ )); do chbind --silent --ip 10.77.0.21 --ip 10.77.0.22 --own-loopback true 3>&- & started+=($!); done
    for i in "${started[@]}"; do wait "$i"; done
    [ -z "$(groups)" ]
    ! ip -6 -o address show dev lo | grep fd76: || false
}

@test "root sees what a process is locked to" {
    background chbind --silent --ip 10.77.0.21 --ip fd77::21 sh -c 'echo $$; exec sleep 1000'
    wait_until test -s "$BATS_TEST_TMPDIR/background"
    started+=("$(<"$BATS_TEST_TMPDIR/background")")
    [ "$(chcontext --show "$(<"$BATS_TEST_TMPDIR/background")" | sed -n 's/^addresses *//p')" = '10.77.0.21 fd77::21' ]
    [ "$(chcontext --show | sed -n 's/^addresses *//p')" = all ]
}

@test "a descriptor of the caller's is a grant only where it is asked for" {
    run locked --ip 10.77.0.21 sh -c 'echo x >&7' 7>"$BATS_TEST_TMPDIR/file"; [ "$status" -ne 0 ]
    run locked --ip 10.77.0.21 --keep-fds sh -c 'echo x >&7' 7>"$BATS_TEST_TMPDIR/file"; [ "$status" -eq 0 ]
}
