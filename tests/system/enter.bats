#!/usr/bin/env bats
# Going into servers: exec, suexec, enter and passwd, on running servers and on stopped ones.

load ../support/common
load ../support/servers

setup_file() {
    build_small
    build_host passwd
    begin_suite
}

setup() { new_small small --address 10.77.0.50; }

teardown() { remove_servers; end_test; }

inside() { run_vserver small exec -- sh -c "$1"; }

# ---- exec --------------------------------------------------------------------------------------------------------

@test "the status of the command is exec's own: 0 to 255, 126, 127, 128 and the signal" {
    vserver small start
    for code in 0 1 2 3 5 7 42 124 125 126 127 128 137 254 255; do
        inside "exit $code"
        [ "$status" -eq "$code" ]
        [ -z "$stderr" ]
    done
    for signal in 1 2 9 15; do
        inside "kill -$signal \$\$"
        [ "$status" -eq $(( 128 + signal )) ]
    done
    run_vserver small exec -- /etc/passwd
    [ "$status" -eq 126 ]
    run_vserver small exec -- /no/such/program
    [ "$status" -eq 127 ]
    run_vserver small exec -- no-such-program
    [ "$status" -eq 127 ]
    vserver small stop
}

@test "a failure of ours is 125 with a sentence: no such user, no such directory" {
    vserver small start
    run_vserver small exec -u nobody-there -- true
    [ "$status" -eq 125 ]
    [[ $stderr == *nobody-there* ]]
    run_vserver small exec -w /no/such/directory -- true
    [ "$status" -eq 125 ]
    [ -n "$stderr" ]
    vserver small stop
}

@test "standard input goes in, both outputs come out apart, and all of them whole" {
    vserver small start
    run_vserver small exec -- sh -c 'echo out; echo err >&2; cat' <<<'typed'
    [ "$output" = $'out\ntyped' ]
    [ "$stderr" = err ]
    head -c 3000000 /dev/urandom >"$BATS_TEST_TMPDIR/data"
    vserver small exec -- cat <"$BATS_TEST_TMPDIR/data" >"$BATS_TEST_TMPDIR/back"
    cmp "$BATS_TEST_TMPDIR/data" "$BATS_TEST_TMPDIR/back"
    [ "$(yes | vserver small exec -- head -n 1)" = y ]
    vserver small stop
}

@test "signals to exec are the command's" {
    vserver small start
    for signal in TERM INT HUP USR1; do
        vserver small exec -- sh -c "trap 'echo got $signal; exit 9' $signal; echo ready; while :; do sleep 0.1; done" >"$BATS_TEST_TMPDIR/said-$signal" 3>&- &
        wait_until grep -q ready "$BATS_TEST_TMPDIR/said-$signal"
        kill "-$signal" $!
        code=0
        wait $! || code=$?
        [ "$code" -eq 9 ]
        grep -q "got $signal" "$BATS_TEST_TMPDIR/said-$signal"
    done
    vserver small stop
}

@test "a user by name or number has its ids and groups and nothing else" {
    vserver small start
    for user in web 33; do
        run_vserver small exec -u "$user" -- sh -c 'id -u; id -g; grep -E "^(Groups|CapInh|CapEff|CapPrm|CapAmb|Uid|Gid):" /proc/self/status; echo $HOME'
        [ "$status" -eq 0 ]
        [ "${lines[0]} ${lines[1]}" = '33 34' ]
        [[ $output =~ Uid:[[:space:]]33[[:space:]]33[[:space:]]33[[:space:]]33 ]]
        [[ $output =~ Gid:[[:space:]]34[[:space:]]34[[:space:]]34[[:space:]]34 ]]
        [[ ! $output =~ Groups:[[:space:]]0 ]]
        for set in Inh Eff Prm Amb; do [[ $output =~ Cap$set:[[:space:]]0000000000000000 ]]; done
    done
    run_vserver small exec -u 12345 -- id -u
    [ "$output" = 12345 ]
    for user in -1 4294967295 4294967296 0x21 '33 ' ' 33' '' 33web ../web root:root; do
        run_vserver small exec "--user=$user" -- id -u
        [ "$status" -ne 0 ]
        [ -z "$output" ]
    done
    run_vserver small suexec web sh -c 'id -un; exit 6'
    [ "$status" -eq 6 ]
    [ "$output" = web ]
    vserver small stop
}

@test "a variable that the caller gives is the only one of its name" {
    vserver small start
    [ "$(vserver small exec -e HOME=/x -e USER=me -- sh -c 'echo $HOME $USER; env' | grep -cE '^(/x me|HOME=/x|USER=me|HOME=.*|USER=.*)$')" = 3 ]
    vserver small stop
}

@test "a number that no server has is no user" {
    vserver small start
    for user in 65535 65536 70000 4294967295; do
        run_vserver small exec -u "$user" -- true
        [ "$status" -eq 125 ]
        [[ $stderr == *"no user '$user'"* ]]
    done
    vserver small stop
}

@test "what we were given to write to blocks afterwards as before" {
    vserver small start
    run python3 -c '
import fcntl, os, subprocess
reader, writer = os.pipe()
terminal = os.openpty()
for kind, flag in (("-T", terminal[1]), ("-t", writer)):
    subprocess.run(["vserver", "small", "exec", kind, "--", "true"], stdin=subprocess.DEVNULL, stdout=flag)
    print(bool(fcntl.fcntl(flag, fcntl.F_GETFL) & os.O_NONBLOCK))'
    [ "$output" = $'False\nFalse' ]
    vserver small stop
}

@test "directory and environment are those that were asked for, and nothing of the host's" {
    vserver small start
    LEAK=secret run_vserver small exec -w /tmp -e A=1 -e 'B=two words' -- sh -c 'pwd; echo "$A.$B.$LEAK"; env'
    [ "${lines[0]}" = /tmp ]
    [ "${lines[1]}" = '1.two words.' ]
    [[ $output == *container=vserver* && $output != *secret* && $output != *BATS* && $output != *VSERVER_* ]]
    for variable in =x novalue ''; do
        run_vserver small exec -e "$variable" -- true
        [ "$status" -eq 2 ] || [ "$status" -eq 125 ]
    done
    run_vserver small exec -w ../.. -- true
    [ "$status" -ne 0 ]
    for number in {3..40}; do
        run_vserver small exec -w "/proc/self/fd/$number" -- pwd
        [ "$status" -ne 0 ]
    done
    vserver small stop
}

@test "fifty descriptors of the caller never arrive inside, neither by start nor by exec" {
    for (( i = 0; i < 50; i++ )); do exec {fd}</etc/passwd; done
    vserver small start
    run_vserver small exec -- sh -c 'ls /proc/self/fd | tr "\n" " "; ls -l /proc/1/fd /proc/*/cwd /proc/*/root /proc/*/exe'
    [[ ${lines[0]} == '0 1 2 3 '* ]]
    [[ $output != *passwd* && $output != *unreachable* ]]
    vserver small stop
    run_vserver small exec -- sh -c 'echo /proc/self/fd/*; ls -l /proc/1/fd'
    [[ $output != *passwd* ]]
}

# ---- terminals ---------------------------------------------------------------------------------------------------

# bats test_tags=stock
@test "enter is a login shell on a terminal of the server's own, of the caller's size" {
    vserver small start
    run on_terminal 33x101 'tty; stty size; echo \$0 is $0; ls -l /proc/self/fd/0; exit 5\n' vserver small enter
    [ "$status" -eq 5 ]
    [[ $output == */dev/pts/* ]]
    [[ $output == *'33 101'* ]]
    [[ $output == *'is -sh'* ]]
    [[ $output == *'terminal: restored'* ]]
    vserver small stop
}

# bats test_tags=stock
@test "the terminal is controlling: Ctrl-C interrupts inside, and the raw mode is undone after a kill" {
    vserver small start
    run on_terminal 24x80 '\x03' vserver small exec -t -- sh -c 'trap "echo interrupted; exit 4" INT; echo ready; while :; do sleep 0.1; done'
    [ "$status" -eq 4 ]
    [[ $output == *interrupted* && $output == *'terminal: restored'* ]]
    run on_terminal 24x80 '' vserver small exec -t -- sh -c 'echo ready; kill -KILL $$'
    [ "$status" -eq 137 ]
    [[ $output == *'terminal: restored'* ]]
    vserver small stop
}

@test "what exec -T has for a terminal of the host's is a pipe" {
    vserver small start
    run on_terminal 24x80 '' vserver small exec -T -- sh -c 'test -t 0 || test -t 1 || test -t 2 || echo no terminal; ls -l /proc/self/fd/0 /proc/self/fd/1'
    [ "$status" -eq 0 ]
    [[ $output == *'no terminal'* && $output != */dev/pts/* ]]
    vserver small stop
}

# ---- stopped servers ---------------------------------------------------------------------------------------------

# bats test_tags=stock
@test "exec in a stopped server runs none of its services, keeps what was written, and leaves nothing" {
    add_service small marker /bin/sh -c 'touch /ran'
    mark
    run_vserver small exec -- sh -c 'hostname; touch /written; exit 3'
    [ "$status" -eq 3 ]
    [ "$output" = small ]
    is_stopped small
    audit_now
    run_vserver small exec -- ls /ran /written
    [ "$output" = /written ]
}

@test "while a stopped server is entered others see maintenance, may join, and a start is busy" {
    mark
    vserver small exec -- sh -c 'echo ready; while [ ! -e /leave ]; do sleep 0.1; done' >"$BATS_TEST_TMPDIR/said" 3>&- &
    wait_until grep -q ready "$BATS_TEST_TMPDIR/said"
    run_vserver list
    [[ $output == *maintenance* ]]
    run_vserver small start
    [ "$status" -eq 7 ]
    vserver small exec -- touch /leave
    wait $!
    audit_now
    vserver small start
    vserver small stop
}

@test "of two commands in a stopped server the first that ends does not end the other" {
    mark
    vserver small exec -- sh -c 'echo ready; while [ ! -e /leave ]; do sleep 0.1; done' >"$BATS_TEST_TMPDIR/first" 3>&- &
    first=$!
    wait_until grep -q ready "$BATS_TEST_TMPDIR/first"
    vserver small exec -- sh -c 'echo ready; while [ ! -e /go ]; do sleep 0.1; done; echo whole' >"$BATS_TEST_TMPDIR/second" 3>&- &
    second=$!
    wait_until grep -q ready "$BATS_TEST_TMPDIR/second"
    vserver small exec -- touch /leave
    wait "$first"
    vserver small exec -- touch /go
    wait "$second"
    grep -q whole "$BATS_TEST_TMPDIR/second"
    is_stopped small
    audit_now
}

@test "an exec in a stopped server that is killed is cleaned up by the next command" {
    mark
    vserver small exec -- sh -c 'echo ready; exec sleep 1000' >"$BATS_TEST_TMPDIR/said" 3>&- &
    wait_until grep -q ready "$BATS_TEST_TMPDIR/said"
    kill -KILL $!
    wait $! || true
    run_vserver small start
    [ "$status" -eq 0 ]
    vserver small stop
    audit_now
}

@test "passwd sets a password from one line of input, in a stopped server too" {
    new_host debian --address 10.77.0.60
    before=$(vserver debian exec -- grep ^root: /etc/shadow)
    run_vserver debian passwd <<<'correct horse'
    [ "$status" -eq 0 ]
    after=$(vserver debian exec -- grep ^root: /etc/shadow)
    [ "$before" != "$after" ]
    [[ $after == 'root:$'* ]]
    run_vserver debian passwd nobody-there <<<'correct horse'
    [ "$status" -eq 1 ]
    run_vserver debian passwd </dev/null
    [ "$status" -eq 2 ]
    [ "$(vserver debian exec -- grep ^root: /etc/shadow)" = "$after" ]
}
