# vserver-recorder on a real terminal: what it keeps, what it may, and that it is killed and goes on.
# Runs in a test host (tests/support/run-suite) as root.

load ../support/common
load ../support/recorded

# What COMMAND prints is what was kept, but where a gap counts what is missing: a short record may still fit after a long one.
has_all_but_holes() {
    python3 - <(log-tool holes "$logs") <($1) <<'END'
import sys
kept, said = (open(name, "rb").read() for name in sys.argv[1:])
assert 0 < len(kept) <= len(said) and b"?" in kept + b"?" * (len(said) - len(kept))
assert all(a == b or a == 63 for a, b in zip(kept, said))
print("all" if len(kept) == len(said) else "not the end")
END
}

# ---------------------------------------------------------------------------------------------- what it keeps

@test "what a server writes is kept, byte for byte" {
    head -c 300000 /dev/urandom >"$BATS_TEST_TMPDIR/bytes"
    record "cat '$BATS_TEST_TMPDIR/bytes'"
    [[ $output == *$'command: exit 0\nrecorder: exit 0' ]]
    all_logs | cmp "$BATS_TEST_TMPDIR/bytes"
    log-tool verify "$logs" "$key"
}

@test "the last words before the end are kept" {
    local i
    for i in {1..50}; do
        record "echo going down $i"
        has "going down $i"
    done
}

@test "a hundred megabytes at once lose nothing" {
    record_with 67108864 'seq 1 12500000'
    [[ $output == *'recorder: exit 0' ]]
    [ "$(all_logs | sha256sum)" = "$(seq 1 12500000 | sha256sum)" ]
}

@test "segments stay below their limit, two old ones are kept, and they still verify" {
    record_with 65536 'seq 1 100000'
    [ "$(find "$logs" -name '*.log' -size +0 | wc -l)" = 3 ]
    local file
    for file in "$logs"/*.log; do (( $(stat -c %s "$file") <= 65536 )); done
    [ "$(all_logs | tail -n 20000)" = "$(seq 80001 100000)" ]
    log-tool verify "$logs" "$key"
}

@test "everything is sealed when it ends, and a second after it was written" {
    record 'echo last words'
    log-tool verify "$logs" "$key"
    [[ $(log-tool verify "$logs" "$key") == "good $(log-tool count "$logs")" ]]
    begin_record 'echo something; exec sleep 1000'
    wait_until has something
    wait_until eval 'is_sealed $(log-tool count "$logs")'
    kill "$command"
    wait "$rig"
}

@test "a console that is closed and opened again is no end" {
    begin_record 'tty=$(tty); echo before; exec 0<&- 1>&- 2>&-; sleep 0.2; exec >"$tty"; echo after; read -r _ </dev/null'
    wait "$rig"
    has before
    has after
}

@test "a console that is hung up is waited for without haste" {
    begin_record 'trap "" HUP; tty=$(tty); echo before; sleep 0.2; perl -e "ioctl(STDOUT, 0x5437, 0) or die"
        sleep 2; exec >"$tty"; echo after; exec sleep 1000'
    wait_until has before
    local before after
    before=$(awk '{ print $14 + $15 }' "/proc/$recorder/stat")
    wait_until has after
    after=$(awk '{ print $14 + $15 }' "/proc/$recorder/stat")
    (( after - before <= 5 ))         # hundredths of a second
    kill "$command"
    wait "$rig"
}

# ---------------------------------------------------------------------------------------------- what it may

@test "it is nobody, may nothing, has these descriptors only" {
    begin_record 'sleep 1000'
    grep -qE "^Uid:.($uid.?){4}$" "/proc/$recorder/status"
    grep -qE "^Gid:.($uid.?){4}$" "/proc/$recorder/status"
    grep -qE '^Groups:.? *$' "/proc/$recorder/status"
    local set
    for set in Inh Prm Eff Bnd Amb; do grep -q "^Cap$set:.0000000000000000$" "/proc/$recorder/status"; done
    grep -q '^NoNewPrivs:.1$' "/proc/$recorder/status"
    grep -q '^Seccomp:.2$' "/proc/$recorder/status"
    wait_until test -e "/proc/$recorder/fd/17"
    [ "$(ls "/proc/$recorder/fd" | sort -n | tr '\n' ' ')" = '0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 ' ]
    [ "$(readlink "/proc/$recorder/fd/"{0,1,2} | sort -u)" = /dev/null ]
    [ "$(readlink "/proc/$recorder/fd/"{14,15,16,17} | xargs -n 1 basename | tr '\n' ' ')" = 'seal chain 00000001.log 00000001.seal ' ]
    [ "$(readlink "/proc/$recorder/root")" = "$logs" ]
    [ "$(stat -c %u "/proc/$recorder/fd")" = 0 ]          # not dumpable
    kill "$command"
    wait "$rig"
}

@test "it refuses to stay root, small limits, and a start by hand" {
    local arguments
    for arguments in '' 'x' 'x 0 1048576 3 1 1' 'x 4294967295 1048576 3 1 1' 'x -1 1048576 3 1 1' 'x 1000 65535 3 1 1' 'x 1000 1M 3 1 1' \
        'x 1000 1048576 1 1 1' 'x 1000 1048576 3 0 1' 'x 1000 1048576 3 1 0' 'x 1000 1048576 3 1 1 y'; do
        run "$VSERVER_LIBEXEC/vserver-recorder" $arguments
        [ "$status" -eq 2 ]
    done
    run "$VSERVER_LIBEXEC/vserver-recorder" x 1000 1048576 3 1 1 3>&-
    [ "$status" -eq 1 ]
    [[ $output == 'vserver-recorder: x: cannot find its descriptors: '* ]]
}

@test "it asks for nothing that it has no right to" {
    run setpriv --bounding-set=-setgid bash -c "recorded '$VSERVER_LIBEXEC/vserver-recorder' '$logs' $uid 1048576 '$pids' sleep 0.2 3>&-"
    [[ $output == *'vserver-recorder: test: cannot become its own user: Operation not permitted'* ]]
    [[ ! -e $logs/chain ]]
}

# ---------------------------------------------------------------------------------------------- ends

@test "killed, it is started again and goes on; what is in the terminal waits" {
    begin_record 'echo first; read -r _; echo second; read -r _; echo third'
    wait_until has first
    kill -KILL "$recorder"
    wait_until restarted
    kill "$command"
    wait "$rig"
    grep -q '^recorder: signal KILL$' "$result"
    grep -q '^recorder: exit 0$' "$result"
    has first
}

@test "killed again and again under a flood, it loses at most a read each time" {
    begin_record 'for i in {1..200000}; do echo "line $i"; done' 67108864
    local kills=0
    while (( kills < 20 )) && kill -0 "$command" 2>/dev/null; do
        kill -KILL "$recorder" && (( kills += 1 ))
        wait_until eval 'restarted || ! kill -0 "$command"'
        read -r command recorder <"$pids"
    done
    wait "$rig"
    local lost=$(( $(seq 1 200000 | sed 's/^/line /' | wc -c) - $(all_logs | wc -c) ))
    echo "# $kills kills lost $lost bytes" >&3
    (( lost >= 0 && lost <= kills * 16384 ))
    log-tool verify "$logs" "$key"
}

@test "SIGTERM ends it with everything told and on disk" {
    begin_record 'echo before; sleep 1000'
    wait_until has before
    kill -TERM "$recorder"
    wait "$rig"
    grep -q '^recorder: exit 0$' "$result"
    kill "$command"
}

# ---------------------------------------------------------------------------------------------- a full disk

@test "a full disk stops nobody, and every byte is written or counted" {
    log_on_disk_of 128k
    record_with 67108864 'seq 1 100000'
    [[ $output == *'command: exit 0'* ]]
    (( $(du -sb "$logs" | cut -f1) <= 131072 ))
    local told
    told=$(has_all_but_holes 'seq 1 100000')
    case $output in
        *'recorder: exit 0') [ "$told" = all ] ;;
        *'recorder: exit 1') [ "$told" = 'not the end' ] ;;      # a loss at the end that could not be told
        *) false ;;
    esac
}

@test "when there is room again the loss is told, without waiting for the server to speak" {
    log_on_disk_of 128k
    begin_record "seq 1 50000; touch '$result.said'; sleep 1000" 67108864
    local total
    total=$(seq 1 50000 | wc -c)
    wait_until test -e "$result.said"
    mount -o remount,size=1m "$logs"
    wait_until eval '(( $(all_logs | wc -c) + $(log-tool lost "$logs") == total ))'
    kill "$command"
    wait "$rig"
    (( $(log-tool lost "$logs") > 0 ))
    grep -q '^recorder: exit 0$' "$result"
    log-tool verify "$logs" "$key"
}

# A real file system, on which blocks can be reserved, filled to the last one. RECORDS of 192 bytes are stored then.
fits_on_a_full_disk() {    # SEGMENT-BYTES RECORDS
    umount "$logs"
    truncate -s 32M "$BATS_TEST_TMPDIR/disk"
    mkfs.ext4 -qF "$BATS_TEST_TMPDIR/disk"
    mount -o loop "$BATS_TEST_TMPDIR/disk" "$logs"
    chown "$uid:$uid" "$logs"
    key=$(log-tool make "$logs" "$uid")
    begin_record 'exec sleep 1000' "$1"
    wait_until eval 'is_sealed $(log-tool count "$logs")'
    # More than once: what is not written back yet has more reserved than it needs.
    local i
    for i in 1 2 3 4; do dd if=/dev/zero of="$logs/filler$i" bs=4096 conv=fsync 2>/dev/null || true; done
    (( $(stat -c %s "$logs/filler4") == 0 ))
    log_send.py "$pids.run/log/log" padded "$2" padded
    wait_until eval '(( $(log-tool list "$logs" | grep -c "padded [0-9]") + $(log-tool lost-records "$logs") == '"$2"' ))'
    wait_until eval 'is_sealed $(log-tool count "$logs")'
    [ "$(log-tool lost-records "$logs")" = 0 ]
    kill "$command"
    wait "$rig"
    log-tool verify "$logs" "$key"
}

@test "a disk that somebody else has filled takes what was reserved" { fits_on_a_full_disk 8388608 2000; }

@test "and the next segment's beginning too" {
    fits_on_a_full_disk 131072 700
    [[ $(stat -c %s "$logs/00000002.log") -gt 1312 ]]
}

# ---------------------------------------------------------------------------------------------- forgotten keys

@test "on a file system that copies on writing, a key that was written over is nowhere on the disk" {
    require_feature program mkfs.btrfs
    umount "$logs"
    truncate -s 128M "$BATS_TEST_TMPDIR/disk"
    mkfs.btrfs -q "$BATS_TEST_TMPDIR/disk"
    mount -o loop "$BATS_TEST_TMPDIR/disk" "$logs"
    chown "$uid:$uid" "$logs"
    key=$(log-tool make "$logs" "$uid")
    sync -f "$logs"
    on_disk() { python3 -c 'import sys; sys.exit(bytes.fromhex(sys.argv[2]) not in open(sys.argv[1], "rb").read())' "$BATS_TEST_TMPDIR/disk" "$1"; }
    seed() { od -An -tx1 -v -j "$1" -N 32 "$logs/seal" | tr -d ' \n'; }
    local first second
    first=$(seed 72)
    on_disk "$first"
    begin_record 'echo one; exec sleep 1000'
    wait_until has one
    wait_until eval 'is_sealed $(log-tool count "$logs")'
    second=$(seed 104)
    sync -f "$logs"
    on_disk "$second"
    kill "$command"
    wait "$rig"
    sync -f "$logs"
    run on_disk "$first"
    [ "$status" -eq 1 ]
    run on_disk "$second"
    [ "$status" -eq 1 ]
    log-tool verify "$logs" "$key"
}

# ---------------------------------------------------------------------------------------------- memory

@test "it takes at most 110 KiB, averaged over twenty" {
    require_feature plain_program vserver-recorder
    local i rigs=() sum=0 commands=() recorders=()
    for (( i = 0; i < 20; i++ )); do
        begin_record 'echo something; exec sleep 1000'
        rigs+=("$rig") commands+=("$command") recorders+=("$recorder")
    done
    wait_until has something
    for i in "${recorders[@]}"; do sum=$(( sum + $(awk '/^Pss:/ { print $2 }' "/proc/$i/smaps_rollup") )); done
    kill "${commands[@]}"
    wait "${rigs[@]}"
    echo "# vserver-recorder: $(( sum / 20 )) KiB" >&3
    (( sum <= 20 * 110 ))             # with its keeper, less than 200
}
