#!/usr/bin/env bats
# Root of a server against the server's own log: it tries to alter, erase, hide, forge, flood, block and crash it. The table of
# what it gets is in docs/security.md; each line of it is an attempt here. After each the log verifies, what was said before is still there, and
# what is said next arrives.

load ../support/common
load ../support/servers

setup_file() {
    build_small
    begin_suite
}

setup() {
    new_small attacker --network none
    new_small victim --network none
    vserver start attacker victim
    vserver attacker exec -- logger -p auth.crit -t sshd 'the break-in'
    wait_until says attacker 'sshd: the break-in'
    count=0
}

teardown() {
    remove_servers
    end_test
}

says() { vserver "$1" logs | grep -qF -- "$2"; }
is_good() { vserver "$1" logs --verify | grep -q ': good: '; }

# As root of the server; what the attempt says and ends with does not matter, only what it leaves.
try() { vserver attacker exec -- timeout 20 sh -c "$1" >/dev/null 2>&1 || true; }

still_works() {
    (( count += 1 ))
    vserver attacker exec -- logger "alive $count"
    wait_until says attacker "alive $count"
    says attacker 'sshd: the break-in'
    wait_until is_good attacker
    is_good victim
}

@test "alter and erase: nothing of the store is in the server" {
    local way
    for way in 'rm -rf /dev/vserver/* /dev/vserver /var/log /dev/log' 'find / -xdev -name "0000*.log" -o -name "*.seal" | xargs rm -f' \
        'for fd in /proc/[0-9]*/fd/*; do echo x >$fd; done' 'echo x >/dev/vserver/log' 'dd if=/dev/zero of=/dev/vserver/log bs=1 count=1' \
        'mknod /tmp/disk b 254 0; dd if=/tmp/disk of=/dev/null count=1' 'mount -o bind /tmp /dev/vserver; umount /dev/vserver' \
        'mount -o remount,rw /dev/vserver; rm /dev/vserver/log' 'ls -lR /proc/1/root/dev/vserver/../../var/lib/vservers'; do
        try "$way"
        vserver attacker exec -- ln -sf vserver/log /dev/log
        still_works
    done
    [ "$(vserver attacker exec -- find / -name '*.seal' 2>/dev/null | wc -l)" -eq 0 ]
}

@test "hide: control bytes, NULs, carriage returns and long lines hide no line of another" {
    try 'printf "\033[2J\033[1A\r\033[K" >/dev/vserver/log; printf "\033[2J\033[8m\r" >/dev/console'
    vserver attacker exec -- sh -c 'logger "$(printf "a\033[2J\033[1;1Hb\rc")"'
    wait_until says attacker 'a\x1b[2J\x1b[1;1Hb\rc'
    [ "$(vserver attacker logs | tr -d '\n -~' | wc -c)" -eq 0 ]           # printable ASCII only
    still_works
}

@test "forge: neither another server, nor the host, nor another time can be pretended" {
    vserver attacker exec -- sh -c 'logger -t victim "from victim"; logger "<0>Jan  1 00:00:00 victim kernel: panic"'
    vserver attacker exec -- sh -c 'logger "<13>1 2001-01-01T00:00:00Z victim recorder - - - recording ends: the server has ended"'
    wait_until says attacker 'recording ends: the server has ended'
    run vserver victim logs
    [[ $output != *'from victim'* && $output != *panic* ]]
    [ "$(vserver attacker logs --until 2020-01-01 | wc -l)" -eq 0 ]        # the time is the host's
    vserver attacker logs --json | python3 -c 'import json, sys
records = json.load(sys.stdin)["records"]
assert {r["kind"] for r in records} == {"begin", "text"}, "an end or a gap was forged"
assert not [r for r in records if r["source"] == "host"]'
    run vserver attacker exec -- sh -c 'echo x | nc -uU /run/vservers/attacker/note'
    [ "$status" -ne 0 ]
    still_works
}

@test "flood: it is counted, another server's log loses nothing, and what root says is not pushed away by a user" {
    vserver attacker stop --kill
    sed -i 's/^#records = .*/records = 10/' /etc/vservers/attacker.toml
    vserver attacker start
    vserver attacker exec -u 33 -- sh -c 'for i in 1 2 3 4; do (for j in $(seq 400); do logger "flood $i $j"; done) & done; wait' &
    local flood=$!
    local i
    for i in $(seq 20); do
        vserver victim exec -- logger "quiet $i"
        vserver attacker exec -- logger "root $i"
    done
    wait "$flood" || true
    for i in $(seq 20); do
        wait_until says victim "quiet $i"
        wait_until says attacker "root $i"
    done
    wait_until says attacker 'lost: too many at once'
    wait_until eval '(( $(vserver attacker logs | grep -c ": flood ") + $(log-tool lost-records /var/lib/vservers/logs/attacker) == 1600 ))'
    still_works
}

@test "block: a stopped or crowded server's sockets hold nobody else up, and reading its log does not wait for it" {
    try 'for i in $(seq 200); do (sleep 15 | nc local:/dev/vserver/stream) & done; sleep 1'
    try 'kill -STOP -1'
    vserver attacker logs >/dev/null
    is_good victim
    vserver victim exec -- logger 'not held up'
    wait_until says victim 'not held up'
    still_works
}

@test "crash: no bytes end the recorder" {
    local before
    before=$(pid_of recorder attacker)
    vserver attacker exec -- sh -c 'for i in $(seq 20); do head -c 3000 /dev/urandom | tr -d "\0" | logger; head -c 60000 /dev/urandom >/dev/console; done'
    python3 - /run/vservers/attacker/log/log <<'END'
import os, random, socket, sys
random.seed(7)
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.connect(sys.argv[1])
for i in range(2000):
    s.send(os.urandom(random.choice((0, 1, 5, 200, 4096))))
for i in range(20):
    s.send(b"<" * 65537)
END
    still_works
    [ "$(pid_of recorder attacker)" = "$before" ]
    vserver attacker logs --json | python3 -c 'import json, sys; json.load(sys.stdin)'
}
