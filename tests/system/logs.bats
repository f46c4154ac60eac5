# The sealed log: what is altered is found by both verifiers, and what a server's log says through the command line.
# Their long forms: docs/testing.md.

bats_require_minimum_version 1.5.0
load ../support/common
load ../support/servers

setup_file() {
    build_small
    build_host
    begin_suite
}

setup() { servers=(); }

teardown() {
    remove_servers
    ! mountpoint -q "$BATS_TEST_TMPDIR/logs" || umount "$BATS_TEST_TMPDIR/logs"
    ! mountpoint -q /var/lib/vservers/logs || umount /var/lib/vservers/logs
    end_test
}

# A server that says a line, and one more for each line in /say.
new_talker() {
    new_small "$1" --network none
    add_service "$1" talker /bin/sh -c 'echo hello from $(hostname); mkfifo /say; while true; do cat /say; done'
}

is_good() { vserver "$1" logs --verify | grep -q ": good: records 0 to .* are sealed"; }

# Whatever test showed it first.
log_key() {
    local kept=$BATS_FILE_TMPDIR/key
    [[ -e $kept ]] || vserver logs init >"$kept" 2>/dev/null
    cat "$kept"
}

says() { vserver "$1" logs | grep -qF -- "$2"; }

# ------------------------------------------------------------------------------------------------------- by machine

@test "every random mutation is found by both verifiers, which name the same first bad record" {
    local work=$BATS_TEST_TMPDIR/logs records=${LOG_RECORDS:-2000} part key bytes
    bytes=$(( records < 20000 ? records * 32 : 640000 ))
    mkdir "$work"
    mount -t tmpfs -o size=2g logs "$work"
    mkdir "$work/log"
    key=$(log-tool make "$work/log" 0)
    for part in 1 2 3 4; do
        log-tool write "$work/log" $(( records / 4 )) "$part" "$bytes"
        (( part == 4 )) || cp -a "$work/log" "$work/old-$part"
    done
    log-tool end "$work/log" "$bytes"
    [ "$(log-tool verify "$work/log" "$key")" = "good $(( records + 1 ))" ]
    [ "$(log_verify.py "$work/log" "$key")" = "good $(( records + 1 ))" ]
    local seed=${LOG_SEED:-$(date +%j)}
    echo "# seed $seed" >&3
    log_mutations.py "$(command -v log-tool)" "$work/log" "$key" "${LOG_MUTATIONS:-300}" "$seed"
}

@test "what broke the sealing of systemd's journal is found by both" {
    local work=$BATS_TEST_TMPDIR key
    mkdir "$work/log"
    key=$(log-tool make "$work/log" 0)
    log-tool write "$work/log" 60 1 1048576
    cp -a "$work/log" "$work/old"
    log-tool write "$work/log" 60 2 1048576
    log_reseal.py "$(command -v log-tool)" "$work/log" "$key" "$work/old"
}

@test "no good log raises an alarm, whatever happened to its writers" {
    local small=$BATS_TEST_TMPDIR/logs seed=${LOG_SEED:-$(date +%j)}
    mkdir "$small"
    mount -t tmpfs -o size=512k logs "$small"
    log_good.py "$(command -v log-tool)" "$(dirname "$(command -v log-tool)")/step-clock.so" "$small" "${LOG_GOOD:-60}" "$seed" >"$BATS_TEST_TMPDIR/said"
    sed "s/^/# seed $seed: /" "$BATS_TEST_TMPDIR/said" >&3
}

@test "a chain that is longer than can be read is no alarm: it is said" {
    local work=$BATS_TEST_TMPDIR key
    mkdir "$work/log"
    key=$(log-tool make "$work/log" 0)
    log-tool write "$work/log" 20 1 65536
    truncate -s 257M "$work/log/chain"
    run --separate-stderr log-tool verify "$work/log" "$key"
    [ "$status" -eq 1 ]
    [ -z "$output" ]
    [[ $stderr == *'read the chain of its segments: '*'larger than 268435456 bytes'* ]]
}

@test "a whole older state, keys included, is what only a witness tells: it verifies" {
    local work=$BATS_TEST_TMPDIR key
    mkdir "$work/log"
    key=$(log-tool make "$work/log" 0)
    log-tool write "$work/log" 20 1 65536
    cp -a "$work/log" "$work/old"
    log-tool write "$work/log" 20 2 65536
    [ "$(log-tool verify "$work/log" "$key")" = 'good 40' ]
    [ "$(log-tool verify "$work/old" "$key")" = 'good 20' ]
}

# ------------------------------------------------------------------------------------------------------- by command

@test "logs shows the console, escaped, chosen by time, text and boot, as text and JSON" {
    new_talker small
    vserver small start
    wait_until says small 'hello from small'
    vserver small exec -- sh -c 'printf "colour \033[31mred\007 and \302\233 more\n" >/dev/console'
    wait_until says small 'colour \x1b[31mred\x07 and \xc2\x9b more'
    [[ $(vserver small logs --grep colour) =~ ^[0-9]{4}-[0-9-]+T[0-9:.]+Z\ console:\ colour ]]
    [ "$(vserver small logs --grep colour | wc -l)" -eq 1 ]
    [ -z "$(vserver small logs --until 2020-01-01)" ]
    says small 'recording begins'
    vserver small logs --since 1h --boot | grep -q 'hello from small'
    run_vserver small logs --json
    python3 -c 'import json, sys; d = json.load(sys.stdin); assert any(r["text"].startswith("colour \x1b[31m") for r in d["records"])' <<<"$output"
    run_vserver small logs --since yesterday
    [ "$status" -eq 2 ]
    vserver small stop
    wait_until says small 'recording ends: the server has ended'
}

@test "logs -f goes on with what comes" {
    new_talker small
    vserver small start
    vserver small logs --follow >"$BATS_TEST_TMPDIR/followed" 2>&1 3>&- &
    local follower=$!
    wait_until grep -q 'hello from small' "$BATS_TEST_TMPDIR/followed"
    vserver small exec -- sh -c 'echo later >/say'
    wait_until grep -q 'console: later' "$BATS_TEST_TMPDIR/followed"
    kill "$follower"
}

@test "logs --verify says good, and names the first record that was altered" {
    new_talker small
    vserver small start
    wait_until says small 'hello from small'
    wait_until is_good small
    vserver small stop
    vserver small logs --verify | grep -q ': good: '
    local log=/var/lib/vservers/logs/small/00000001.log offset
    offset=$(grep -abo 'hello from small' "$log" | head -n 1 | cut -d: -f1)
    printf J | dd of="$log" bs=1 seek="$offset" conv=notrunc status=none
    run_vserver small logs --verify
    [ "$status" -eq 1 ]
    [[ $output == 'small: record '*': altered' ]]
    run_vserver small logs --verify --json
    [ "$status" -eq 1 ]
    [[ $output == *'"good": false'* ]]
}

@test "logs --verify tells of what follows the sealed records and is none: no alarm where a recorder goes on, one after its end" {
    new_talker small
    vserver small start
    wait_until says small 'hello from small'
    wait_until is_good small
    local log=/var/lib/vservers/logs/small/00000001.log recorder
    recorder=$(pid_of recorder small)
    kill -STOP "$recorder"
    echo rubbish >>"$log"
    run_vserver small logs --verify
    truncate -s -8 "$log"
    kill -CONT "$recorder"
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *'; 8 bytes after them are no record, and were not sealed' ]]
    vserver small stop
    echo rubbish >>"$log"
    run_vserver small logs --verify
    [ "$status" -eq 1 ]
    echo "$output"
    [[ $output == 'small: record '*': 8 bytes were added while no recorder ran' ]]
}

@test "the key is shown once, verifies, and another does not" {
    local key
    key=$(log_key)
    run_vserver logs init
    [ "$status" -eq 1 ]
    [ -z "$output" ]
    new_talker small
    vserver small start
    wait_until is_good small
    vserver small logs --verify --key "$key"
    run_vserver small logs --verify --key "${key%A*}"
    [ "$status" -eq 2 ]
    mv /var/lib/vservers/logs/.machine "$BATS_TEST_TMPDIR/"
    run_vserver small logs --verify --key "$key"
    [ "$status" -eq 1 ]
    [[ $stderr == *'no note that '*' signed vouches for the log'* ]]
    rm -r /var/lib/vservers/logs/.machine
    mv "$BATS_TEST_TMPDIR/.machine" /var/lib/vservers/logs/
}

@test "logs --export proves each record to somebody who has only the checkpoint" {
    new_talker small
    vserver small start
    wait_until is_good small
    vserver small logs --export >"$BATS_TEST_TMPDIR/export"
    log_proof.py "$BATS_TEST_TMPDIR/export"
}

@test "doctor names the logs whose keys stay on the disk when they are written over, and no others" {
    local logs=/var/lib/vservers/logs
    truncate -s 128M "$BATS_TEST_TMPDIR/disk"
    mkfs.btrfs -q "$BATS_TEST_TMPDIR/disk"
    mkdir -p "$logs"
    mount -o loop "$BATS_TEST_TMPDIR/disk" "$logs"
    keys() { vserver doctor --json | jq -r '.findings[] | select(.subject == "log keys") | "\(.grade) \(.text)"'; }
    new_talker small
    vserver small start
    wait_until is_good small
    keys
    [[ $(keys) == 'good are written over in place' ]]
    vserver small stop
    mkdir "$logs/older"    # as it was made before logs were told to be written in place
    [[ $(keys) == "notice those of 'older' stay on the disk"* ]]
    chattr -C "$logs/small"
    [[ $(keys) == *"'older', 'small'"* || $(keys) == *"'small', 'older'"* ]]
    rmdir "$logs/older"
}

@test "without a log, without a name, there is one sentence" {
    new_small small --network none
    run_vserver small logs
    [ "$status" -eq 1 ]
    [[ $stderr == *'has no log yet'* ]]
    run_vserver logs
    [ "$status" -eq 2 ]
    run_vserver nobody logs
    [ "$status" -eq 5 ]
}

# ------------------------------------------------------------------------------------------------------- by socket

@test "syslog(3) in a server arrives with what it claims, and is chosen by priority" {
    new_talker small
    vserver small start
    vserver small exec -- logger -p auth.err -t sshd 'no such user'
    vserver small exec -- logger -p cron.info -t cron 'did it'
    wait_until says small 'log: sshd: no such user'
    wait_until says small 'log: cron: did it'
    [ "$(vserver small logs --priority err | grep -c 'sshd\|cron')" -eq 1 ]
    [ "$(vserver small logs --priority 6 | grep -c 'sshd\|cron')" -eq 2 ]
    vserver small logs --json | python3 -c 'import json, sys
found = [r for r in json.load(sys.stdin)["records"] if r["source"] == "log"]
assert [(r["claimed"]["tag"], r["claimed"]["uid"], r["claimed"]["priority"], r["text"]) for r in found] == [
    ("sshd", 0, "err", "no such user"), ("cron", 0, "info", "did it")], found'
    run_vserver small logs --priority loud
    [ "$status" -eq 2 ]
    local way
    for way in 'rm /dev/vserver/log' 'mv /dev/vserver/log /dev/vserver/x' 'umount /dev/vserver' 'umount -l /dev/vserver' \
        'mount -o remount,rw /dev/vserver' 'rm -r /dev/vserver' 'mv /dev/vserver /dev/x' 'chmod 0 /dev/vserver/log' 'touch /dev/vserver/x'; do
        run vserver small exec -- sh -c "$way"
        [ "$status" -ne 0 ]
    done
    vserver small exec -- logger -t still 'here'
    wait_until says small 'log: still: here'
}

@test "keeper and recorder die, one after the other and both at once, and the server logs on" {
    new_talker small
    vserver small start
    kill_program keeper small
    vserver small exec -- logger without keeper
    wait_until says small 'without keeper'
    vserver small status
    wait_until pid_of keeper small
    kill_program recorder small
    vserver small exec -- logger with another
    wait_until says small 'with another'
    local keeper=$(pid_of keeper small) recorder=$(pid_of recorder small)
    kill -KILL "$keeper" "$recorder"
    wait_until eval '! kill -0 '"$keeper"' 2>/dev/null && ! kill -0 '"$recorder"' 2>/dev/null'
    vserver small status
    wait_until pid_of recorder small
    wait_until vserver small exec -- logger after both
    wait_until says small 'after both'
    vserver small stop
    wait_until is_good small
}

@test "what the host says of a server is in its log, whether it runs or not" {
    new_talker small
    log-tool note small 'before its first start'
    says small 'host: before its first start'
    vserver small start
    log-tool note small 'while it runs'
    wait_until says small 'host: while it runs'
    vserver small stop
    log-tool note small 'after its stop'
    says small 'host: after its stop'
    flock --no-fork /run/vservers/small/recorder.lock sleep 1000 3>&- &
    local holder=$!
    wait_until eval '! flock -n /run/vservers/small/recorder.lock true'
    run timeout 60 log-tool note small 'while a recorder of it ends, or begins'
    [ "$status" -eq 7 ]
    kill "$holder"
    wait "$holder" || true
    log-tool note small 'and after that'
    says small 'host: and after that'
    vserver small logs --priority warning | grep -q 'host: while it runs'
    is_good small
    vserver small start
    wait_until is_good small
}

@test "systemd's journal forwards what its services say, and syslog(3) reaches both" {
    new_host debian --network none
    vserver debian start
    wait_for_boot debian
    vserver debian exec -- logger -p daemon.warning -t tester 'through the journal'
    vserver debian exec -- systemd-run --wait --unit=speaker echo 'a service speaks'
    wait_until says debian 'journal: tester'
    wait_until says debian 'a service speaks'
    vserver debian exec -- journalctl --no-pager | grep -q 'through the journal'
    [ -n "$(vserver debian logs --priority warning | grep 'through the journal')" ]
    wait_until is_good debian
}

# ------------------------------------------------------------------------------------------------------- elsewhere

@test "a witness finds an older state of the log that was put back, keys and all, and one that went on from it" {
    local logs=/var/lib/vservers/logs memory=$BATS_TEST_TMPDIR/memory key
    key=$(log_key)
    new_talker small
    vserver small start
    wait_until is_good small
    vserver small stop
    wait_until is_good small
    cp -a "$logs/small" "$BATS_TEST_TMPDIR/old"
    vserver small start
    wait_until is_good small
    vserver small logs --checkpoints | vserver logs witness "$memory" --key "$key" | grep -q ': witnessed: [0-9]* records'
    vserver small stop
    wait_until is_good small
    vserver small logs witness "$memory" --key "$key"
    cp "$memory" "$memory.before"
    rm -r "$logs/small"
    cp -a "$BATS_TEST_TMPDIR/old" "$logs/small"
    is_good small                              # by itself it is
    run_vserver small logs witness "$memory"
    [ "$status" -eq 1 ]
    [[ $stderr == *'the log was cut: it has '* ]]
    vserver small start
    vserver small exec -- sh -c 'for i in 1 2 3 4 5 6 7 8 9; do logger $i; done'
    wait_until is_good small
    run --separate-stderr bash -c "vserver small logs --checkpoints | vserver logs witness '$memory' --key '$key'"
    [ "$status" -eq 1 ]
    [[ $stderr == *'the log '* ]]
    cmp "$memory" "$memory.before"
    run_vserver logs witness "$memory"
    [ "$status" -eq 2 ]
    run bash -c "echo '{}' | vserver logs witness '$memory' --key '$key'"
    [ "$status" -eq 2 ]
}

@test "a collector gets what is there and what comes, and knows what the host knows" {
    local got=$BATS_TEST_TMPDIR/got
    on_wire python3 -c 'import socket, sys
s = socket.create_server(("10.77.0.1", 6514))
open(sys.argv[1], "w").close()
c, _ = s.accept()
with open(sys.argv[1], "ab", 0) as out:
    while data := c.recv(65536): out.write(data)' "$got" 3>&- &
    local collector=$!
    wait_until test -e "$got"
    new_talker small
    vserver small start
    vserver small logs forward 10.77.0.1:6514 3>&- &
    local forwarder=$!
    vserver small exec -- logger -p auth.err -t sshd 'no "such" user'
    wait_until grep -q 'no "such" user' "$got"
    wait_until grep -q 'hello from small' "$got"
    kill "$forwarder" "$collector"
    python3 - "$got" <<'END'
import re, sys
data, messages = open(sys.argv[1], "rb").read(), []
while data:
    length, _, data = data.partition(b" ")
    messages.append(data[:int(length)].decode())
    data = data[int(length):]
line = next(m for m in messages if "such" in m)
assert re.fullmatch(r'<35>1 \d{4}-\d\d-\d\dT[0-9:.]+Z small sshd - - '
                    r'\[vserver@32473 server="small" source="log" sequence="\d+" uid="0"\] no "such" user', line), line
END
    run_vserver small logs forward nowhere
    [ "$status" -eq 2 ]
}
