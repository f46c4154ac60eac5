#!/usr/bin/env bats
# Attacks from inside a server, by its root and by a user, plainly and from a nested user namespace (tests/escape/attacks.py):
# each must be refused, and a canary sees whether the host or another server is any different afterwards. Numbers like X20
# are those of docs/security.

load ../support/common
load ../support/servers

setup_file() {
    build_small
    build_host python3,attr
    begin_suite
}

setup() {
    new_host attacker --address 10.77.0.66
    quiet attacker
    new_small victim --address 10.77.0.67
    add_service victim worker /bin/sh -c 'exec sleep 100000'
    vserver start attacker victim
    vserver attacker exec -- sh -c 'cat >/usr/local/bin/attacks && chmod 755 /usr/local/bin/attacks' <"$BATS_TEST_DIRNAME/attacks.py"
    touch /tmp/host-canary
    wait_until victim_works
    canary snapshot "$BATS_TEST_TMPDIR/canary" --attacker attacker
}

teardown() {
    [[ ! ${listener:-} ]] || kill "$listener" || true
    rm -f /tmp/host-canary
    remove_servers
    end_test
}

# ---- helpers -----------------------------------------------------------------------------------------------------

# Instead of systemd one sleeping service: what is attacked is ours, and nothing else moves.
quiet() {
    sed -i 's/^#* *init = .*/init = "services"/' "/etc/vservers/$1.toml"
    add_service "$1" idle /bin/sleep 1000000
}

victim_works() { [[ $(vserver victim exec -- hostname) == victim ]]; }

# Arguments: the user, then those of attacks.py.
attack() {
    run vserver attacker exec -u "$1" -e "HOST_PIDS=$$ $(state_of victim init)" -e 'HOST_SOCKETS=host-canary' -- \
        python3 /usr/local/bin/attacks "${@:2}"
    echo "$output"
    [ "$status" -eq 0 ]
    canary compare "$BATS_TEST_TMPDIR/canary"
    victim_works
    is_running attacker
}

listen_abstract() {
    python3 -c 'import socket, time; s = socket.socket(socket.AF_UNIX); s.bind("\0host-canary"); s.listen(); time.sleep(1000)' 3>&- &
    listener=$!
    wait_until grep -q @host-canary /proc/net/unix
    canary snapshot "$BATS_TEST_TMPDIR/canary" --attacker attacker
}

# ---- attacks -----------------------------------------------------------------------------------------------------

@test "as guest root: every mount, every key, every call, every way out is refused" {
    listen_abstract
    attack root
}

@test "as guest root of a nested user namespace" { listen_abstract; attack root --nested; }

@test "as a user of the guest" { listen_abstract; attack www-data; }

@test "as a user of the guest who is root of a nested user namespace" { listen_abstract; attack www-data --nested; }

@test "X20: every system call answers as its table says" {
    walk=$(find "${VSERVER_BUILD:-/usr/libexec/vserver}/tests" -name seccomp_walk 2>/dev/null || true)
    [ -n "$walk" ]
    vserver attacker exec -- sh -c 'cat >/tmp/walk && chmod 755 /tmp/walk' <"$walk"
    run vserver attacker exec -- /tmp/walk
    grep -i wrong <<<"$output" || true
    [ "$status" -eq 0 ]
    canary compare "$BATS_TEST_TMPDIR/canary"
    victim_works
}

@test "X27: kill -9 -1 ends only who is inside" {
    vserver attacker exec -- python3 -c 'import os; os.kill(-1, 9)' || true
    canary compare "$BATS_TEST_TMPDIR/canary"
    victim_works
}

@test "X31: who takes every inotify instance, key and pty it can leaves the next server its own" {
    run vserver attacker exec -- python3 -c '
import ctypes, os, pty
libc, held = ctypes.CDLL(None, use_errno=True), []
def all_of(what, take):
    count = 0
    try:
        while count < 5000 and take() >= 0:
            count += 1
    except OSError:
        pass
    print(what, count, flush=True)
all_of("inotify", libc.inotify_init)
all_of("pty", lambda: held.append(pty.openpty()) or 0)
all_of("key", lambda: libc.syscall(248, b"user", b"name", b"value", 5, -3))  # add_key
'
    echo "$output"
    [[ $output == *'key 0' ]]    # keyrings belong to users of the machine: no server takes any
    vserver attacker exec -- python3 -c '
import ctypes, os, time
libc = ctypes.CDLL(None)
while libc.inotify_init() >= 0: pass
try:
    while True: os.open("/dev/ptmx", os.O_RDWR)
except OSError: pass
print("ready", flush=True)
time.sleep(1000)' >"$BATS_TEST_TMPDIR/said" 3>&- &
    wait_until grep -q ready "$BATS_TEST_TMPDIR/said"
    new_host other --address 10.77.0.68
    quiet other
    vserver other start
    vserver other exec -- python3 -c '
import ctypes, os
libc = ctypes.CDLL(None)
assert all(libc.inotify_init() >= 0 for _ in range(100)), "inotify"
for _ in range(50): os.open("/dev/ptmx", os.O_RDWR)'
    kill $!
    vserver other stop
    victim_works
}

@test "a server's root and users together have as many network namespaces as its settings say, and the next is unharmed" {
    new_host bounded --address 10.77.0.68
    quiet bounded
    set_in bounded limits 'network_namespaces = 20'
    new_host other --address 10.77.0.69
    quiet other
    vserver start bounded other
    vserver bounded exec -- python3 -c '
import ctypes, os, time
libc = ctypes.CDLL(None, use_errno=True)
NEWUSER, NEWNET = 0x10000000, 0x40000000
try: open("/proc/sys/user/max_net_namespaces", "w").write("1000000")    # its own, which bounds nobody
except OSError as error: print(error)
def make(uid):
    ours, theirs = os.pipe()
    if os.fork() == 0:
        if uid: os.setgroups([]); os.setgid(uid); os.setuid(uid)
        held, nested = [], not uid or libc.unshare(NEWUSER) == 0
        while nested and len(held) < 300 and libc.unshare(NEWNET) == 0: held.append(os.open("/proc/self/ns/net", os.O_RDONLY))
        os.write(theirs, str(len(held)).encode())
        time.sleep(1000)
    return int(os.read(ours, 10))
made = [make(uid) for uid in (1000, 0, 1001, 65534)]
print(made, flush=True)
time.sleep(1000)' >"$BATS_TEST_TMPDIR/made" 3>&- &
    wait_until grep -q '^\[' "$BATS_TEST_TMPDIR/made"
    cat "$BATS_TEST_TMPDIR/made"
    [ "$(grep '^\[' "$BATS_TEST_TMPDIR/made")" = '[19, 0, 0, 0]' ]    # its own is the twentieth
    vserver other exec -- python3 -c '
import ctypes, os
libc = ctypes.CDLL(None)
for _ in range(100):
    assert libc.unshare(0x40000000) == 0
    os.open("/proc/self/ns/net", os.O_RDONLY)'
    kill $!
    vserver stop bounded other
    victim_works
}

@test "the user namespace between the host and a server is out of its root's reach, and has nobody of the host in it" {
    vserver stop --kill attacker
    set_in attacker limits 'network_namespaces = 20'
    vserver start attacker
    run vserver attacker exec -- python3 -c '
import fcntl, os
NS_GET_USERNS, NS_GET_PARENT = 0xb701, 0xb702
for name in "user", "pid", "net", "mnt":
    own = os.open("/proc/self/ns/" + name, os.O_RDONLY)
    if name != "user": own = fcntl.ioctl(own, NS_GET_USERNS)
    try: print("reached", name, fcntl.ioctl(own, NS_GET_PARENT))
    except PermissionError: print("refused", name)'
    echo "$output"
    [ "$output" = $'refused user\nrefused pid\nrefused net\nrefused mnt' ]
    run python3 -c '
import ctypes, fcntl, os, sys
libc = ctypes.CDLL(None, use_errno=True)
between = fcntl.ioctl(os.open("/proc/" + sys.argv[1] + "/ns/user", os.O_RDONLY), 0xb702)
assert os.fstat(between).st_ino != os.stat("/proc/self/ns/user").st_ino, "none in between"
assert libc.setns(between, 0x10000000) == 0, os.strerror(ctypes.get_errno())
for kind in "uid", "gid":
    (inside, outside, count), = [map(int, line.split()) for line in open(f"/proc/self/{kind}_map")]
    print(kind, inside == outside >= 0x70000000, count)
print(open("/proc/sys/user/max_net_namespaces").read().strip())' "$(state_of attacker init)"
    echo "$output"
    [ "$output" = $'uid True 65536\ngid True 65536\n20' ]
}

@test "X35: a packet with another's source address does not leave the server" {
    wire python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("10.77.0.1", 9999))
print("ready", flush=True)
while True:
    data, source = s.recvfrom(100); print(source[0], data.decode(), flush=True)' >"$BATS_TEST_TMPDIR/heard" 3>&- &
    listener=$!
    wait_until grep -q ready "$BATS_TEST_TMPDIR/heard"
    vserver attacker exec -- python3 -c '
import socket
def send(source, text):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_IP, 19, 1)  # IP_TRANSPARENT
    s.bind((source, 0)); s.sendto(text, ("10.77.0.1", 9999))
for source in ("10.77.0.67", "10.77.0.2", "10.77.0.1", "127.0.0.1", "192.0.2.1"):
    try: send(source, b"forged")
    except OSError as error: print(source, error)
send("10.77.0.66", b"true")'
    wait_until grep -q true "$BATS_TEST_TMPDIR/heard"
    ! grep forged "$BATS_TEST_TMPDIR/heard" || false
}
