#!/usr/bin/env bats
# chbind(8) by the lock service: ordinary users, and locks inside locks.

load ../support/common
load ../support/lock_service

setup_file() {
    ip address add 10.77.0.21/24 dev eth0
    ip address add 10.77.0.22/24 dev eth0
    ip address add 10.77.0.23/24 dev eth0
    ip address add fd77::21/64 dev eth0 nodad
    start_lock_service
    begin_suite
}

teardown_file() { stop_lock_service; }

setup() {
    grant '[user.65534]
addresses = ["10.77.0.21", "10.77.0.22", "fd77::21"]
locks = 3'
}

teardown() {
    local pid
    for pid in $(jobs -p); do kill "$pid" 2>/dev/null || true; done
    wait
    rm -f /etc/vservers/grants.toml
    chbind --silent --ip 10.77.0.21 true    # takes away what those have left
    end_test
}

readonly python=/usr/bin/python3 bound='import socket; s = socket.socket(); s.bind(("", 0)); print(s.getsockname()[0])'
locked() { chbind --silent "$@"; }
mine() { as_user chbind --silent "$@"; }
groups() { find /sys/fs/cgroup -path '*/.contexts/*' -type d; }
members() { cat $(groups | sed 's|$|/cgroup.procs|'); }
refused() { [[ $status -eq 125 && $output == *"$1"* && $output != *EXECUTED* ]] || { echo "$status: $output"; return 1; }; }

# ------------------------------------------------------------------------------------------------- ordinary users

@test "a user has the addresses that he was granted, and no other" {
    [ "$(mine --ip 10.77.0.21 $python -c "$bound")" = 10.77.0.21 ]
    [ "$(mine --ip 10.77.0.22 --ip fd77::21 $python -c "$bound")" = 10.77.0.22 ]
    run mine --ip 10.77.0.23 echo EXECUTED; refused '10.77.0.23 is not granted to'
    run mine --ip 10.77.0.21 --ip 10.77.0.23 echo EXECUTED; refused '10.77.0.23 is not granted to'
    run mine --ip eth0 echo EXECUTED; refused 'is not granted to'
    uid=1234 run mine --ip 10.77.0.21 echo EXECUTED; refused 'no address is granted to uid 1234'
}

@test "his command is his own: user, terminal, environment, limits and status" {
    [ "$(mine --ip 10.77.0.21 id -u)" = 65534 ]
    [ "$(WORD=there mine --ip 10.77.0.21 sh -c 'echo $WORD')" = there ]
    [ "$(cd /tmp && mine --ip 10.77.0.21 pwd)" = /tmp ]
    [ "$(ulimit -n 77; mine --ip 10.77.0.21 sh -c 'ulimit -n')" = 77 ]
    [ "$(mine --ip 10.77.0.21 sed -n 's/^NoNewPrivs:\t//p' /proc/self/status)" = 1 ]
    run mine --ip 10.77.0.21 sh -c 'exit 7'; [ "$status" -eq 7 ]
    run -127 mine --ip 10.77.0.21 /nonexistent
    run mine --ip 10.77.0.21 sh -c 'echo x >&7' 7>/dev/null; [ "$status" -ne 0 ]
}

@test "what holds him outside holds him inside: a filter, a namespace" {
    [ "$(as_user unshare --user --map-root-user sh -c 'chbind --silent --ip 10.77.0.21 id -u')" = 0 ]
    run as_user unshare --user --map-root-user --net sh -c 'ip link set lo up; ip address add 10.77.0.21 dev lo; chbind --silent --ip 10.77.0.21 echo EXECUTED'
    refused 'network namespace of its own'
}

@test "nothing is granted by a file that is not understood, or that others may write" {
    grant '[user.65534]
addresses = ["10.77.0.21"]
lock = 3'
    run mine --ip 10.77.0.21 echo EXECUTED; refused 'there is no such key'
    grant '[user.65534]
addresses = ["10.77.0.21"]'
    chmod o+w /etc/vservers/grants.toml
    run mine --ip 10.77.0.21 echo EXECUTED; refused 'somebody else than root may write it'
    rm /etc/vservers/grants.toml
    run mine --ip 10.77.0.21 echo EXECUTED; refused 'no address is granted'
}

@test "he has no more locks than he may, and those that have ended do not count" {
    local i
    for i in 1 2 3; do
        as_user chbind --silent --ip 10.77.0.21 sh -c 'echo ready; exec sleep 1000' >"$BATS_TEST_TMPDIR/$i" 3>&- &
        wait_until grep -q ready "$BATS_TEST_TMPDIR/$i"
    done
    run mine --ip 10.77.0.21 echo EXECUTED; refused 'has 3 locks already'
    kill $(members)
    wait
    wait_until mine --ip 10.77.0.21 true
}

@test "locks inside his locks are counted with them" {
    local -a again=(chbind --silent --ip 10.77.0.21)
    [ "$(mine --ip 10.77.0.21 "${again[@]}" "${again[@]}" echo EXECUTED)" = EXECUTED ]
    run mine --ip 10.77.0.21 "${again[@]}" "${again[@]}" "${again[@]}" echo EXECUTED; refused 'as many locks already as he may'
}

@test "a port below 1024 is his only where it was granted" {
    local low='import socket; s = socket.socket(); s.bind(("", 88)); print(*s.getsockname())'
    [ "$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start)" -gt 88 ] || skip 'everybody may bind to low ports here'
    run mine --ip 10.77.0.21 $python -c "$low"; [ "$status" -ne 0 ]
    grant '[user.65534]
addresses = ["10.77.0.21"]
low_ports = true'
    [ "$(mine --ip 10.77.0.21 $python -c "$low")" = '10.77.0.21 88' ]
}

@test "nobody is taken out of rules that his group has: of a unit, of a service of the host" {
    local group=/sys/fs/cgroup/unit
    [[ ! -d /sys/fs/cgroup/unified ]] || group=/sys/fs/cgroup/unified/unit
    in_group() { sh -c 'echo 0 >"$0/cgroup.procs" && exec "$@"' $group "$@"; }
    mkdir $group
    [ "$(in_group setpriv --reuid 65534 --regid 65534 --clear-groups chbind --silent --ip 10.77.0.21 $python -c "$bound")" = 10.77.0.21 ]
    in_group "$VSERVER_LIBEXEC/vserver-lock" --group 10.77.0.22
    run in_group setpriv --reuid 65534 --regid 65534 --clear-groups chbind --silent --ip 10.77.0.21 echo EXECUTED
    refused "is in '$group', which has rules"
    run in_group setpriv --bounding-set=-all --inh-caps=-all chbind --silent --ip 10.77.0.21 echo EXECUTED      # root that asks
    refused "is in '$group', which has rules"
    rmdir $group
}

@test "nobody is taken out of the group by which his context counts as one" {
    local group=/sys/fs/cgroup/.counted-1
    [[ ! -d /sys/fs/cgroup/unified ]] || group=/sys/fs/cgroup/unified/.counted-1
    mkdir $group
    guard=(sh -c 'echo 0 >"$0/cgroup.procs" && exec setpriv --reuid 65534 --regid 65534 --clear-groups "$@"' $group)
    as_user() { "$@"; }    # it goes there as root
    run ask 'give_up(); s = door(); s.send(request([b"10.77.0.21"])); print(answer(s))'
    [[ $output == *'in a context that counts as one'* ]]
    rmdir $group
}

@test "where the service was and does not answer nothing is run" {
    mv /run/vserver-lock.socket /run/aside
    install -m 0666 /dev/null /run/vserver-lock.socket
    run mine --ip 10.77.0.21 echo EXECUTED
    mv /run/aside /run/vserver-lock.socket
    refused 'the lock service does not run here'
}

@test "without Landlock nothing is run, by root neither: it could take sockets from outside" {
    run lacking landlock_create_ruleset=95 -- setpriv --reuid 65534 --regid 65534 --clear-groups chbind --silent --ip 10.77.0.21 echo EXECUTED
    refused 'this kernel has no Landlock'
    run lacking landlock_create_ruleset=38 -- chbind --silent --ip 10.77.0.21 echo EXECUTED
    refused 'this kernel has no Landlock'
    [ "$(lacking landlock_create_ruleset=95 -- chbind --silent --honest --ip 10.77.0.21 echo EXECUTED)" = EXECUTED ]
}

@test "many at once" {
    local i
    grant '[user."*"]
addresses = ["10.77.0.21", "10.77.0.22"]
locks = 30'
    for (( i = 0; i < 20; i++ )); do mine --ip 10.77.0.21 --ip 10.77.0.22 --own-loopback true 3>&- & done
    for i in $(jobs -p); do wait "$i"; done
    locked --ip 10.77.0.21 true
    [ -z "$(groups)" ]
}

@test "the units are valid, and give what the service is tested with" {
    local unit units=$BATS_TEST_DIRNAME/../../share
    [[ -d $units ]] || skip 'only the tests were carried to this machine'
    for unit in vserver-lock.socket vserver-lock@.service; do
        sed 's|^ExecStart=.*|ExecStart=/bin/true|' "$units/$unit.in" >"$BATS_TEST_TMPDIR/$unit"
    done
    [ "$(sed -n 's/^CapabilityBoundingSet=//p' "$units/vserver-lock@.service.in" | tr ' ' '\n' | sed 's/CAP_//' | tr A-Z a-z | sort | xargs)" = \
        "$(sed -n 's/.*--bounding-set=-all,\([^ ]*\).*/\1/p' "$BATS_TEST_DIRNAME/../support/lock_service.bash" | tr -d + | tr , '\n' | sort | xargs)" ]
    command -v systemd-analyze >/dev/null || skip 'no systemd-analyze here'
    run systemd-analyze verify --man=no "$BATS_TEST_TMPDIR"/vserver-lock*
    rm -r /run/systemd      # what it leaves
    [[ $status -eq 0 && -z $output ]] || { echo "$output"; return 1; }
}

# ---------------------------------------------------------------------------------------- what a client may try

# ask PROGRAM: python that talks to the service as a hostile client does.
ask() {
    as_user "${guard[@]}" $python -u -c 'import ctypes, os, socket, struct, sys, threading, time
MAGIC = 0x316b7361646b6c76
def request(words, magic=MAGIC, own=0, broadcast=b""):
    return struct.pack("<QQ", magic, own) + b"".join(w.ljust(64, b"\0") for w in words + [b""] * (16 - len(words))) + broadcast.ljust(64, b"\0")
def door():
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET); s.connect("/run/vserver-lock.socket"); return s
def answer(s):
    a = s.recv(1000); return "locked" if a[:4] == b"\0\0\0\0" else a[8:].split(b"\0")[0].decode()
def give_up(): ctypes.CDLL(None).prctl(38, 1, 0, 0, 0)
'"$1"
}

@test "a client that keeps setuid programs, or threads, is refused" {
    run ask 's = door(); s.send(request([b"10.77.0.21"])); print(answer(s))'
    [[ $output == *'has not given up new privileges'* ]]
    run ask 'threading.Thread(target=time.sleep, args=(5,), daemon=True).start(); give_up()
s = door(); s.send(request([b"10.77.0.21"])); print(answer(s)); os._exit(0)'
    [[ $output == *'has not given up new privileges'* ]]
    run ask 'give_up(); s = door(); s.send(request([b"10.77.0.21"])); print(answer(s))'
    [ "$output" = locked ]
}

@test "what is no request is refused, and the next caller is served" {
    local what
    for what in 'b"x"' 'request([b"10.77.0.21"], magic=1)' 'request([b"10.77.0.21"], own=2)' 'request([b"10.77.0.21"]) + b"x"' \
        'request([b"x" * 64])' 'request([b"../../etc"])' 'request([])' 'request([b"10.77.0.21"], broadcast=b"10.77.0.22")' 'request([b"\x1b[2J"])'; do
        run ask "give_up(); s = door(); s.send($what); print(answer(s))"
        [[ $status -eq 0 && $output != locked && $output != *$'\x1b'* ]] || { echo "$what: $output"; return 1; }
    done
    run ask 'door()'
    [ "$(mine --ip 10.77.0.21 $python -c "$bound")" = 10.77.0.21 ]
}

@test "a connection that was handed on locks nobody but who made it" {
    run ask 'give_up()
s = door(); first = os.fork()
if first == 0:
    s.send(request([b"10.77.0.21"])); print(answer(s)); print(open("/proc/self/cgroup").read()); os._exit(0)
os.waitpid(first, 0); print(open("/proc/self/cgroup").read())'
    [[ $output == locked* ]]
    [ "$(grep -c user-65534 <<<"$output")" -eq 1 ]
    grep -v '^$' <<<"$output" | tail -n 1 | grep -q user-65534
}

@test "of two locks that are asked for at once the second is inside the first" {
    run ask 'give_up(); a, b = door(), door()
for s, word in ((a, b"10.77.0.21"), (b, b"10.77.0.22")): s.send(request([word]))
print([answer(a), answer(b)].count("locked"))'
    [ "$output" = 1 ]
}

# ------------------------------------------------------------------------------------------------- locks inside locks

@test "a lock inside another narrows it, by root and by a user" {
    [ "$(locked --ip 10.77.0.21 --ip 10.77.0.22 chbind --silent --ip 10.77.0.22 $python -c "$bound")" = 10.77.0.22 ]
    [ "$(locked --ip 10.77.0.23 --ip 10.77.0.22 setpriv --reuid 1234 --clear-groups chbind --silent --ip 10.77.0.23 $python -c "$bound")" = 10.77.0.23 ]
    [ "$(mine --ip 10.77.0.21 --ip 10.77.0.22 chbind --silent --ip 10.77.0.22 $python -c "$bound")" = 10.77.0.22 ]
    [ "$(mine --ip 10.77.0.21 --ip 10.77.0.22 chbind --silent --ip 10.77.0.21 --ip 10.77.0.22 chbind --silent --ip 10.77.0.22 $python -c "$bound")" = 10.77.0.22 ]
}

@test "a lock inside another is never wider" {
    run locked --ip 10.77.0.21 chbind --silent --ip 10.77.0.22 echo EXECUTED; refused 'can only narrow it'
    run locked --ip 10.77.0.21 chbind --silent --ip 10.77.0.21 --ip 10.77.0.22 echo EXECUTED; refused 'can only narrow it'
    run locked --ip 10.77.0.21 chbind --silent --ip eth0 echo EXECUTED; refused 'can only narrow it'
    run locked --ip 10.77.0.21 --ip 10.77.0.22 chbind --silent --ip 10.77.0.22 chbind --silent --ip 10.77.0.21 echo EXECUTED; refused 'can only narrow it'
    run mine --ip 10.77.0.21 chbind --silent --ip 10.77.0.22 echo EXECUTED; refused 'can only narrow it'
    run locked --ip 10.77.0.21 chbind --silent --ip 10.77.0.21 --own-loopback echo EXECUTED; refused 'inside it there is no other'
}

@test "inside a narrower lock the other addresses of the outer one are out of reach" {
    run locked --ip 10.77.0.21 --ip 10.77.0.22 --ip fd77::21 chbind --silent --ip 10.77.0.22 $python -c '
import socket
for family, address in ((2, "10.77.0.21"), (2, "10.77.0.23"), (10, "fd77::21"), (10, "::ffff:10.77.0.21")):
    try: socket.socket(family).bind((address, 0)); print("ESCAPED")
    except OSError as error: print(error.errno)'
    [ "$output" = "$(printf '99\n99\n99\n99')" ]
}

@test "a server in a lock inside another is found under its addresses, and under those only" {
    chbind --silent --ip 10.77.0.21 --ip 10.77.0.22 --ip 10.77.0.23 chbind --silent --ip 10.77.0.22 --ip 10.77.0.23 $python -c '
import socket
s = socket.create_server(("", 8090)); print("ready", flush=True)
while True: s.accept()[0].close()' >"$BATS_TEST_TMPDIR/out" 3>&- &
    wait_until grep -q ready "$BATS_TEST_TMPDIR/out"
    on_wire nc -z -w 2 10.77.0.22 8090
    on_wire nc -z -w 2 10.77.0.23 8090
    run on_wire nc -z -w 1 10.77.0.21 8090; [ "$status" -ne 0 ]
}

@test "the loopback of the outer lock is that of the inner one" {
    [ "$(locked --ip 10.77.0.21 --ip 10.77.0.22 --own-loopback sh -c '
        /usr/bin/python3 -c "
import socket
s = socket.create_server((\"127.0.0.1\", 8091)); print(\"ready\", flush=True); s.accept()[0].sendall(b\"outer\")" >"$0" &
        while ! grep -q ready "$0"; do sleep 0.02; done
        chbind --silent --ip 10.77.0.22 nc -w 2 127.0.0.1 8091 </dev/null
        wait' "$BATS_TEST_TMPDIR/ready")" = outer ]
}

@test "locks inside one have a bound" {
    run locked --ip 10.77.0.21 sh -c 'for i in 1 2 3 4 5 6 7 8 9; do set -- chbind --silent --ip 10.77.0.21 "$@"; done; "$@" echo EXECUTED' sh
    refused 'no further one'
    chbind --silent --ip 10.77.0.21 sh -c '
        for i in $(seq 16); do chbind --silent --ip 10.77.0.21 sh -c "echo ready; exec sleep 1000" & done
        while [ "$(grep -c ready "$0")" -lt 16 ]; do sleep 0.02; done
        chbind --silent --ip 10.77.0.21 echo EXECUTED
        echo end; wait' "$BATS_TEST_TMPDIR/out" >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
    wait_until grep -q end "$BATS_TEST_TMPDIR/out"
    grep -q '16 locks inside this one already' "$BATS_TEST_TMPDIR/out"
    ! grep -q EXECUTED "$BATS_TEST_TMPDIR/out" || false
    kill $(members) || true    # some end by the end of others
    wait_until eval '[ -z "$(members)" ]'
}
