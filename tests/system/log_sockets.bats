# What arrives at a server's log sockets: all of it, from whom, and what a hostile sender gets.
# Runs in a test host (tests/support/run-suite) as root.

load ../support/common
load ../support/recorded

# How many records hold WORD, and how many different ones.
stored() { log-tool list "$logs" | grep -oE -- "$1 [0-9]+( |\\\\n|\$)" | wc -l; }
different() { log-tool list "$logs" | grep -oE -- "$1 [0-9]+" | sort -u | wc -l; }
is_stored() { (( $(different "$1") == $2 )); }

# With a command that lives until end_record.
begin_idle() { begin_record 'exec sleep 1000' 67108864; }
end_record() {
    kill "$command"
    wait "$rig"
}

restart_recorder() {
    kill -KILL "$recorder"
    wait_until restarted
    read -r command recorder <"$pids"
}

# In the sockets' directory, to which the way is root's.
as_nobody() ( cd "$pids.run" && setpriv --reuid 65534 --regid 65534 --clear-groups "$@" )

@test "each way in is told apart, and process and user are those of the sender" {
    begin_idle
    log_send.py "$pids.run/log/log" datagram 1 one
    log_send.py "$pids.run/log/journal" datagram 1 two
    log_send.py "$pids.run/note" datagram 1 three
    as_nobody log_send.py log/stream stream 1 four
    run as_nobody log_send.py note datagram 1 five
    [ "$status" -ne 0 ]
    wait_until is_stored '(one|two|three|four)' 4
    end_record
    log-tool list "$logs" | grep -qE '^2 [0-9]+ 0 0 <30>Nov 22 04:05:06 cron\[[0-9]+\]: one 0$'
    log-tool list "$logs" | grep -qE '^4 [0-9]+ 0 0 .* two 0$'
    log-tool list "$logs" | grep -qE '^5 [0-9]+ 0 0 .* three 0$'
    log-tool list "$logs" | grep -qE '^3 [0-9]+ 65534 0 .* four 0\\n$'
    log-tool verify "$logs" "$key"
}

@test "what was sent before the recorder was killed is in the log, however often that is" {
    begin_idle
    log_send.py "$pids.run/log/log" datagram 20000 packet >"$BATS_TEST_TMPDIR/sent" &
    log_send.py "$pids.run/log/stream" stream 20000 line >"$BATS_TEST_TMPDIR/lines" &
    local kills=0
    while (( kills < 20 )); do
        restart_recorder
        (( kills += 1 ))
    done
    wait_until is_stored packet 20000
    wait_until is_stored line 20000
    end_record
    local twice=$(( $(stored packet) + $(stored line) - 40000 ))
    echo "# $kills kills: $twice records twice" >&3
    (( twice <= 332 * kills ))            # the packets of one look, and the lines of one read
    [ "$(log-tool lost "$logs")" = 0 ]
    log-tool verify "$logs" "$key"
}

@test "large and empty messages among the others are as safe from kills, and each keeps its place" {
    begin_idle
    log_send.py "$pids.run/log/log" mixed 6000 mixed >"$BATS_TEST_TMPDIR/sent" &
    local kills=0
    while (( kills < 20 )); do
        restart_recorder
        (( kills += 1 ))
    done
    wait_until is_stored mixed 6000
    end_record
    (( $(log-tool list "$logs" | grep -cE '^2 [0-9]+ 0 0 $') >= 2000 ))
    # In their order, but for those that a kill brought twice.
    log-tool list "$logs" | grep -oE 'mixed [0-9]+' | awk '$2 > most + 1 { exit 1 } $2 > most { most = $2 }'
    log-tool verify "$logs" "$key"
}

@test "a connection that nobody has taken yet waits for the next recorder, and so does what waits in one" {
    begin_idle
    kill -STOP "$recorder"
    log_send.py "$pids.run/log/stream" stream 5 waiting
    log_send.py "$pids.run/log/log" datagram 5 queued
    restart_recorder
    wait_until is_stored '(waiting|queued)' 10
    end_record
}

@test "messages of any size and content are kept, and cut at 64 KiB with a word about it" {
    begin_idle
    log_send.py "$pids.run/log/log" sizes 6 x
    wait_until eval '(( $(log-tool list "$logs" | wc -l) == 6 ))'
    end_record
    [ "$(log-tool list "$logs" | awk '{ print $4, length($5) }' | tr '\n' ',')" = '0 0,0 4,0 20,0 65536,1 65536,1 65536,' ]
    log-tool verify "$logs" "$key"
}

# Where this kernel can refuse them.
refuses_descriptors() { python3 -c 'import socket; socket.socket(socket.AF_UNIX).getsockopt(socket.SOL_SOCKET, 83)' 2>/dev/null; }

@test "no descriptor can be sent along, where the kernel can refuse it" {
    refuses_descriptors || skip 'SO_PASSRIGHTS is of Linux 6.16'
    begin_idle
    local way
    for way in log/log log/journal log/stream note; do
        run log_send.py "$pids.run/$way" descriptors 1 with
        [ "$status" -ne 0 ]
        [[ $output == *'Operation not permitted'* ]]
    done
    end_record
}

@test "a descriptor whose close would wait for minutes holds nobody up, where the kernel takes it" {
    export RECORDED_DESCRIPTORS=yes
    begin_idle
    local mode senders=()
    for mode in lingering lingering-stream; do
        kill -STOP "$recorder"                                      # or the last close is the sender's
        log_send.py "$pids.run/log/$([[ $mode = lingering ]] && echo log || echo stream)" "$mode" 5 "$mode" >"$BATS_TEST_TMPDIR/$mode" 3>&- &
        senders+=($!)
        wait_until test -s "$BATS_TEST_TMPDIR/$mode"
        kill -CONT "$recorder"
        wait_until is_stored "$mode" 5
    done
    log_send.py "$pids.run/log/log" datagram 1 after
    wait_until is_stored after 1
    kill "${senders[@]}"
    end_record
}

@test "descriptors that come along are closed, and idle connections keep nobody out" {
    export RECORDED_DESCRIPTORS=yes
    begin_idle
    log_send.py "$pids.run/log/log" descriptors 100 with
    wait_until is_stored with 100
    log_send.py "$pids.run/log/stream" idle 40 first >"$BATS_TEST_TMPDIR/idle" 3>&- &
    local idle=$!
    wait_until test -s "$BATS_TEST_TMPDIR/idle"
    log_send.py "$pids.run/log/stream" stream 1 after
    wait_until is_stored after 1
    wait_until is_stored first 40
    (( $(ls "/proc/$recorder/fd" | wc -l) <= 18 + 8 ))
    kill "$idle"
    restart_recorder
    log_send.py "$pids.run/log/stream" stream 1 again
    wait_until is_stored again 1
    end_record
}

@test "too much is dropped and counted, without harm to root or to another way in" {
    export RECORDED_RATE='10 1000000'
    begin_idle
    as_nobody log_send.py log/log datagram 20000 flood
    log_send.py "$pids.run/log/log" datagram 100 root
    as_nobody log_send.py log/stream stream 1 other
    wait_until is_stored root 100
    wait_until is_stored other 1
    wait_until eval '(( $(stored flood) + $(log-tool lost-records "$logs") == 20000 ))'
    end_record
    local kept
    kept=$(stored flood)
    echo "# kept $kept of 20000" >&3
    (( kept >= 300 && kept < 1000 ))
    log-tool verify "$logs" "$key"
}
