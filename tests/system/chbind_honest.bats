#!/usr/bin/env bats
# chbind(8) without root and without the lock service: what honest programs do under it. What it does not hold is in
# docs/decisions/address-lock.md.

load ../support/common

setup_file() {
    ip address add 10.77.0.21/24 dev eth0
    ip address add 198.51.100.5/24 dev eth0
    ip address add fd77::21/64 dev eth0 nodad
    wire ip address add 198.51.100.1/24 dev eth0
    wire /usr/bin/python3 "$BATS_TEST_DIRNAME/../escape/reflector.py" 7005 >/dev/null 2>&1 3>&- &
    echo $! >"$BATS_FILE_TMPDIR/reflector"
    wait_until nc -z 10.77.0.1 7005
    begin_suite
}

teardown_file() { kill "$(<"$BATS_FILE_TMPDIR/reflector")"; }

readonly python=/usr/bin/python3
user=(setpriv --reuid 65534 --regid 65534 --clear-groups)
honest() { "${user[@]}" chbind --silent "$@"; }
supervisors() { pgrep -f '^chbind --silent' || true; }
unsupervised() { [[ -z $(supervisors) ]]; }

@test "it says what it is, once, and is silent where it is told to be" {
    run --separate-stderr "${user[@]}" chbind --ip 10.77.0.21 true
    [ "${stderr_lines[1]}" = 'chbind: for honest programs only, and no boundary: neither root nor the lock service holds it' ]
    [ "${#stderr_lines[@]}" -eq 2 ]
    run --separate-stderr honest --ip 10.77.0.21 true
    [ -z "$stderr" ]
    run chbind --help
    [[ $output == *'is no boundary for others'* ]]
}

@test "any becomes the address, another one is not available: both families, TCP and UDP" {
    run honest --ip 10.77.0.21 --ip fd77::21 $python -c '
import socket
def bound(family, kind, address, only=None):
    s = socket.socket(family, kind)
    if only is not None: s.setsockopt(41, 26, only)
    try: s.bind((address, 8200)); return "%s %d" % s.getsockname()[:2]
    except OSError as error: return error.errno
for kind in (1, 2):
    print(bound(2, kind, ""), bound(2, kind, "10.77.0.21"), bound(2, kind, "10.77.0.2"), bound(2, kind, "127.0.0.1"))
    print(bound(10, kind, "::", 1), bound(10, kind, "::", 0), bound(10, kind, "fd77::2"), bound(10, kind, "::1"), bound(10, kind, "::ffff:10.77.0.2", 0))
s = socket.create_server(("", 0)); print(s.getsockname()[1] != 0)'
    echo "$output"
    for i in 0 2; do
        [ "${lines[i]}" = '10.77.0.21 8200 10.77.0.21 8200 99 99' ]
        [ "${lines[i+1]}" = 'fd77::21 8200 ::ffff:10.77.0.21 8200 99 99 99' ]
    done
    [ "${lines[4]}" = True ]
}

@test "connections and datagrams leave from it, however they are sent" {
    run honest --ip 10.77.0.21 --ip fd77::21 $python -c '
import socket
def who(s): s.settimeout(5); s.sendall(b"who"); return s.recv(100).decode()
def told(s): s.settimeout(5); return s.recv(100).decode()
print(who(socket.create_connection(("10.77.0.1", 7005))))
print(who(socket.create_connection(("fd77::1", 7005))))
for family, to in ((2, "10.77.0.1"), (10, "fd77::1")):
    s = socket.socket(family, 2); s.sendto(b"who", (to, 7005)); print(told(s))
    s = socket.socket(family, 2); s.sendmsg([b"who"], [], 0, (to, 7005)); print(told(s))
    s = socket.socket(family, 2); s.connect((to, 7005)); s.send(b"who"); print(told(s))
s = socket.socket(2, 2); s.sendto(b"who", ("10.77.0.1", 7005)); told(s); s.connect(("10.77.0.1", 7005)); s.send(b"who"); print(told(s))
s = socket.socket(10); s.connect(("::ffff:10.77.0.1", 7005)); print(who(s))
s = socket.socket(); s.setblocking(False); s.connect_ex(("10.77.0.1", 7005)); s.setblocking(True); print(who(s))
s = socket.socket(); s.listen(); print(s.getsockname()[0])'
    echo "$output"
    [ "$(xargs <<<"$output")" = "10.77.0.21 fd77::21 $(printf '10.77.0.21 %.0s' 1 2 3)$(printf 'fd77::21 %.0s' 1 2 3)$(printf '10.77.0.21 %.0s' 1 2 3 4 | sed 's/ $//')" ]
}

@test "the source is the address that shares a network with the destination" {
    ask() { honest --ip 10.77.0.21 --ip 198.51.100.5 $python -c "import socket
s = socket.create_connection(('$1', 7005)); s.sendall(b'who'); print(s.recv(99).decode())"; }
    [ "$(ask 10.77.0.1)" = 10.77.0.21 ]
    [ "$(ask 198.51.100.1)" = 198.51.100.5 ]
}

@test "a client of the host's loopback is seen under its address, and unix sockets are left alone" {
    $python -c 'import socket
s = socket.create_server(("127.0.0.1", 8201)); print("ready", flush=True)
c, peer = s.accept(); c.sendall(peer[0].encode())' >"$BATS_TEST_TMPDIR/out" 3>&- &
    wait_until grep -q ready "$BATS_TEST_TMPDIR/out"
    [ "$(honest --ip 10.77.0.21 nc -w 2 127.0.0.1 8201 </dev/null)" = 10.77.0.21 ]
    wait
    run honest --ip 10.77.0.21 $python -c 'import array, os, socket
a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
a.sendmsg([b"x"], [(1, 1, array.array("i", [1]))]); os.write(array.array("i", b.recvmsg(1, 100)[1][0][2])[0], b"passed\n")'
    [ "$output" = passed ]
}

@test "a refused connection, a timeout and a closed descriptor are what they are without it" {
    run honest --ip 10.77.0.21 $python -c 'import ctypes, socket
print(socket.socket().connect_ex(("10.77.0.1", 9)))
libc = ctypes.CDLL(None, use_errno=True)
print(libc.connect(77, bytes(16), 16), ctypes.get_errno()); print(libc.bind(0, bytes([2]) + bytes(15), 16), ctypes.get_errno())
s = socket.socket(); print(libc.connect(s.fileno(), ctypes.c_void_p(8), 16), ctypes.get_errno())
u = socket.socket(socket.AF_UNIX); print(u.connect_ex("/nonexistent"))' </dev/null
    [ "$(xargs <<<"$output")" = '111 -1 9 -1 88 -1 14 2' ]
}

@test "many threads and children at once, with signals between" {
    run honest --ip 10.77.0.21 $python -c '
import os, signal, socket, threading
signal.signal(signal.SIGALRM, lambda *_: None); signal.siginterrupt(signal.SIGALRM, False)
signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
wrong = []
def work():
    for _ in range(40):
        s = socket.socket(); s.bind(("", 0))
        if s.getsockname()[0] != "10.77.0.21" or s.getsockname()[1] == 0: wrong.append(s.getsockname())
        s.close()
        u = socket.socket(2, 2); u.connect(("10.77.0.1", 7005))
        if u.getsockname()[0] != "10.77.0.21": wrong.append(u.getsockname())
        u.close()
children = []
for _ in range(3):
    child = os.fork()
    if child == 0:
        signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
        break
    children.append(child)
threads = [threading.Thread(target=work) for _ in range(6)]
for t in threads: t.start()
for t in threads: t.join()
if not children or child == 0: os._exit(len(wrong))
signal.setitimer(signal.ITIMER_REAL, 0)
print(wrong, [os.waitpid(c, 0)[1] for c in children])'
    echo "$output"
    [ "${lines[-1]}" = '[] [0, 0, 0]' ]
}

@test "the command's status, terminal output and signals are its own" {
    run honest --ip 10.77.0.21 sh -c 'exit 7'; [ "$status" -eq 7 ]
    run honest --ip 10.77.0.21 sh -c 'kill -TERM $$'; [ "$status" -eq 143 ]
    run -127 honest --ip 10.77.0.21 /nonexistent
    run honest --ip 10.77.0.98 true; [ "$status" -eq 125 ]
    run honest --ip 10.77.0.21 --own-loopback true; [ "$status" -eq 125 ]
    [ "$(echo word | honest --ip 10.77.0.21 cat)" = word ]
    "${user[@]}" chbind --silent --ip 10.77.0.21 sh -c 'trap "exit 9" TERM; echo ready; while :; do sleep 0.05; done' >"$BATS_TEST_TMPDIR/out" 3>&- &
    wait_until grep -q ready "$BATS_TEST_TMPDIR/out"
    kill -TERM $!
    local status=0
    wait $! || status=$?
    [ "$status" -eq 9 ]
}

@test "what it leaves running is supervised on, and the supervisor ends with the last of it" {
    mkfifo -m 666 "$BATS_TEST_TMPDIR/go"
    chmod o+x "$BATS_TEST_TMPDIR" "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" "$(dirname "$BATS_TEST_TMPDIR")"
    local late='import socket, sys; open(sys.argv[1]).read(); socket.create_server(("", 8202)).accept()'
    [ "$(honest --ip 10.77.0.21 sh -c 'setsid /usr/bin/python3 -c "$0" "$1" >/dev/null 2>&1 & echo left' "$late" "$BATS_TEST_TMPDIR/go")" = left ]
    [ "$(supervisors | wc -l)" -eq 1 ]
    echo go >"$BATS_TEST_TMPDIR/go"
    wait_until sh -c '[ "$(ss -Hltn "sport = 8202" | wc -l)" = 1 ]'
    [ "$(ss -Hltn 'sport = 8202' | awk '{ print $4 }')" = 10.77.0.21:8202 ]
    nc -z 10.77.0.21 8202
    wait_until unsupervised
}

@test "without its supervisor a program cannot name an address any more, and goes on" {
    mkfifo "$BATS_TEST_TMPDIR/go"
    "${user[@]}" chbind --silent --ip 10.77.0.21 $python -c '
import socket, sys
print("ready", flush=True); sys.stdin.readline()
try: socket.socket().bind(("", 0)); print("ESCAPED", flush=True)
except OSError as error: print(error.errno, flush=True)' <"$BATS_TEST_TMPDIR/go" >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
    exec 8>"$BATS_TEST_TMPDIR/go"
    wait_until grep -q ready "$BATS_TEST_TMPDIR/out"
    local pid
    for pid in $(supervisors); do [ "$(readlink "/proc/$pid/fd/0")" != /dev/null ] || kill -KILL "$pid"; done
    echo go >&8
    exec 8>&-
    wait_until grep -q 38 "$BATS_TEST_TMPDIR/out"       # ENOSYS
}

@test "what could not be bound is refused" {
    run honest --ip 10.77.0.21 $python -c 'import socket
for family, kind, protocol in ((2, 2, 1), (10, 2, 58), (2, 1, 262), (2, 1, 132), (17, 3, 0), (40, 1, 0)):
    try: socket.socket(family, kind, protocol); print("made")
    except OSError as error: print(error.errno)'
    [ "$(xargs <<<"$output")" = '13 13 93 93 97 97' ]
}

@test "one inside another is refused, with what it means" {
    run honest --ip 10.77.0.21 chbind --silent --ip 10.77.0.21 echo EXECUTED
    [[ $status -eq 125 && $output == *'something else supervises'* && $output != *EXECUTED* ]]
}
