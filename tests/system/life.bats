#!/usr/bin/env bats
# The life of servers: start, stop, restart and what is told of them; the loss of a keeper or a recorder; the ways in which
# a server ends by itself; limits. Real servers in a test host, and an audit after each test.

load ../support/common
load ../support/servers

setup_file() {
    build_small
    build_host busybox-static
    begin_suite
}

teardown() { remove_servers; end_test; }

# ---- helpers -----------------------------------------------------------------------------------------------------

# The small server `NAME` with a service that says hello on its console and stays.
new_talker() {
    new_small "$1" --address "$2"
    add_service "$1" talker /bin/sh -c 'echo hello from $(hostname); exec sleep 100000'
}

json_of() { python3 -c 'import json, sys; d = json.load(sys.stdin); print(eval(sys.argv[1], {"d": d}))' "$1" <<<"$output"; }

# What `exec` says of its own group is what counts: the limits are above it.
processes_inside() { vserver "$1" list --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["servers"][0]["usage"]["processes"])'; }

lock_is_held() { ! flock --nonblock "/run/vservers/$1/lock" true; }

ended_with() { vserver "$1" status | grep -q "last end *$2"; }

# ---- start, stop, and what is told -------------------------------------------------------------------------------

@test "a server without an init starts, is told of, and stops with everything gone" {
    new_talker small 10.77.0.50
    mark
    run_vserver small running
    [ "$status" -eq 3 ]
    run_vserver small start
    [ "$status" -eq 0 ]
    [[ $output == 'small: started (context '*')' ]]
    run_vserver small running
    [ "$status" -eq 0 ]
    [ "$output" = 'small: running' ]
    audit_now small
    run_vserver small stop
    [ "$status" -eq 0 ]
    [ "$output" = 'small: stopped' ]
    run_vserver small status
    [ "$status" -eq 3 ]
    [[ $output == *stopped* ]]
}

@test "a server starts whose archive left out what is mounted on" {
    mkdir -p "$BATS_TEST_TMPDIR/bare/bin"
    cp /bin/busybox "$BATS_TEST_TMPDIR/bare/bin/true"
    tar -C "$BATS_TEST_TMPDIR/bare" -cf "$BATS_TEST_TMPDIR/bare.tar" .
    vserver bare build --from "$BATS_TEST_TMPDIR/bare.tar" --network none
    servers+=(bare)
    vserver bare exec true
}

@test "the exit status says what was wrong: busy, not running, no such server" {
    new_talker small 10.77.0.50
    vserver small start
    run_vserver small start
    [ "$status" -eq 7 ]
    [[ $stderr == "vserver: cannot start 'small': "* ]]
    vserver small stop
    run_vserver small stop
    [ "$status" -eq 3 ]
    for verb in start stop restart status running; do
        run_vserver nobody "$verb"
        [ "$status" -eq 5 ]
        [ -n "$stderr" ]
    done
    run_vserver nobody exec true
    [ "$status" -eq 5 ] || [ "$status" -eq 125 ]
}

@test "status, list and their JSON tell of running and stopped servers" {
    new_talker one 10.77.0.50
    new_small two --address 10.77.0.51 --address fd77::51
    vserver one start
    run_vserver list
    [ "$status" -eq 0 ]
    [[ $output =~ one\ +[0-9]+\ +running\ +.*10\.77\.0\.50 ]]
    [[ $output =~ two\ +[0-9]+\ +stopped ]]
    run_vserver list --json
    [ "$(json_of '[(s["name"], s["state"]) for s in d["servers"] if s["name"] in ("one", "two")]')" = "[('one', 'running'), ('two', 'stopped')]" ]
    [ "$(json_of '[s["network"]["addresses"] for s in d["servers"] if s["name"] == "two"]')" = "[['10.77.0.51', 'fd77::51']]" ]
    run_vserver one status --json
    [ "$status" -eq 0 ]
    [ "$(json_of 'd["servers"][0]["run"]["init_pid"]')" = "$(state_of one init)" ]
    (( $(json_of 'd["servers"][0]["usage"]["memory_bytes"]') > 0 ))
    run_vserver two status --json
    [ "$status" -eq 3 ]
    [ "$(json_of 'd["servers"][0]["run"]')" = None ]
    run_vserver status one two
    [ "$status" -eq 3 ]
    run_vserver running one
    [ "$status" -eq 0 ]
    vserver one stop
}

@test "restart gives a running server a new generation, and starts a stopped one" {
    new_talker small 10.77.0.50
    mark
    run_vserver small restart
    [ "$status" -eq 0 ]
    first=$(state_of small generation)
    run_vserver small restart
    [ "$status" -eq 0 ]
    has_generation small $(( first + 1 ))
    audit_now small
    vserver small stop
}

@test "a verb on several servers goes on after one that fails, and returns the worst status" {
    new_talker one 10.77.0.50
    new_talker two 10.77.0.51
    vserver one start
    run_vserver start one two
    [ "$status" -eq 7 ]
    [[ $output == *'two: started'* ]]
    run_vserver stop --running
    [ "$status" -eq 0 ]
    is_stopped one
    is_stopped two
}

@test "systemd as init reaches running and is asked to power off by stop" {
    new_host debian --address 10.77.0.60
    mark
    vserver debian start
    wait_for_boot debian
    audit_now debian
    run_vserver debian stop
    [ "$status" -eq 0 ]
    [ "$output" = 'debian: stopped' ]
    audit_now
}

@test "a stop that comes before systemd listens is not lost" {
    new_host debian --address 10.77.0.60
    vserver debian start
    run_vserver debian stop
    [ "$status" -eq 0 ]
    [ "$output" = 'debian: stopped' ]
}

@test "an init that does not end is killed after the timeout, and stop says so" {
    new_small stubborn --address 10.77.0.50
    add_service stubborn deaf /bin/sh -c 'trap "" TERM; while :; do sleep 1; done'
    vserver stubborn start
    run_vserver stubborn stop --timeout 1s
    [ "$status" -eq 0 ]
    is_stopped stubborn
    vserver stubborn start
    run_vserver stubborn stop --kill
    [ "$status" -eq 0 ]
}

@test "a stop by force does not wait for one that asks" {
    new_small stubborn --address 10.77.0.50
    add_service stubborn deaf /bin/sh -c 'trap "" TERM; echo deaf; while :; do sleep 1; done'
    vserver stubborn start
    wait_until console_has stubborn deaf
    vserver stubborn stop --timeout 300s 3>&- &
    wait_until lock_is_held stubborn
    run timeout 60 vserver stubborn stop --kill
    [ "$status" -eq 0 ]
    wait $!
    is_stopped stubborn
}

@test "an address that somebody else has refuses a start with 7 and one sentence, and leaves nothing" {
    new_talker one 10.77.0.50
    new_talker two 10.77.0.50
    mark
    vserver one start
    run_vserver two start
    [ "$status" -eq 7 ]
    [[ $stderr == *10.77.0.50* ]]
    (( ${#stderr_lines[@]} == 1 ))
    is_running one
    audit_now one
    vserver one stop
    run_vserver two start
    [ "$status" -eq 0 ]
    vserver two stop
    new_talker host 10.77.0.2
    run_vserver host start
    [ "$status" -eq 7 ]
}

@test "delete removes everything of a stopped server, and refuses a running one" {
    new_talker small 10.77.0.50
    vserver small start
    run_vserver small delete --yes
    [ "$status" -eq 7 ]
    is_running small
    vserver small stop
    run_vserver small delete --yes
    [ "$status" -eq 0 ]
    [ ! -e /etc/vservers/small.toml ]
    [ -z "$(find /var/lib/vservers/{servers,logs,trash} -name '*small' -not -name 'image-*')" ]
}

# ---- keeper and recorder -----------------------------------------------------------------------------------------

@test "the console of a server is recorded, byte for byte as it was said" {
    new_talker small 10.77.0.50
    vserver small start
    wait_until console_has small 'hello from small'
    vserver small exec -- sh -c 'printf "to the console: \033[1m%s\n" bold >/dev/console'
    wait_until console_has small $'to the console: \033\\[1mbold'
    [[ $(stat -c %a /var/lib/vservers/logs/small/*) == $'600\n600\n600\n600' ]]
    vserver small stop
    console_has small 'hello from small'
}

@test "keeper and recorder are in the namespaces of the host" {
    new_talker small 10.77.0.50
    vserver small start
    for helper in keeper recorder; do
        pid=$(pid_of "$helper" small)
        for kind in cgroup ipc mnt net pid time user uts; do
            [ "$helper $kind $(readlink "/proc/$pid/ns/$kind")" = "$helper $kind $(readlink "/proc/self/ns/$kind")" ]
        done
    done
}

@test "a server goes on without its keeper, and the next command adopts it" {
    new_talker small 10.77.0.50
    mark
    vserver small start
    init=$(state_of small init)
    kill_program keeper small
    wait_until gone keeper small
    [ "$(vserver small exec -- hostname)" = small ]
    wait_until pid_of keeper small
    [ "$(state_of small init)" = "$init" ]
    audit_now small
    run_vserver small stop
    [ "$status" -eq 0 ]
}

@test "an adopted server that ends by itself is cleaned up by its new keeper" {
    new_talker small 10.77.0.50
    mark
    vserver small start
    kill_program keeper small
    wait_until gone keeper small
    vserver small exec -- true
    wait_until pid_of keeper small
    vserver small exec -- kill -USR2 1 || true
    wait_until is_stopped small
    audit_now
}

@test "a recorder that is killed comes back, and the console is recorded on" {
    new_talker small 10.77.0.50
    vserver small start
    wait_until console_has small 'hello from small'
    first=$(pid_of recorder small)
    kill_program recorder small
    wait_until recorder_after small "$first"
    vserver small exec -- sh -c 'echo said afterwards >/dev/console'
    wait_until console_has small 'said afterwards'
    vserver small stop
}
recorder_after() { local now; now=$(pid_of recorder "$1") && [[ $now != "$2" ]]; }

@test "a server goes on without keeper and recorder, and is adopted and stopped" {
    new_talker small 10.77.0.50
    vserver small start
    kill_program keeper small
    kill_program recorder small
    vserver small exec -- true
    is_running small
    run_vserver small stop
    [ "$status" -eq 0 ]
}

@test "a recorder that is just ending when its server is adopted is waited for" {
    local lock=/run/vservers/small/recorder.lock ending
    waited_for() { grep -q -- "-> FLOCK .*:$(stat -c %i $lock) " /proc/locks; }
    new_talker small 10.77.0.50
    vserver small start
    kill_program keeper small
    kill_program recorder small
    wait_until gone recorder small
    flock $lock sleep 1000 3>&- &    # what it held, of which a process that ends lets go last
    ending=$!
    wait_until pgrep --parent $ending
    vserver small exec -- true 3>&- &
    wait_until waited_for
    kill "$(pgrep --parent $ending)"
    wait %2
    wait_until pid_of recorder small
    run_vserver small stop
    [ "$status" -eq 0 ]
}

@test "a keeper that dies with its server leaves what the next command cleans up" {
    new_talker small 10.77.0.50
    mark
    vserver small start
    kill_program keeper small
    kill -KILL "$(state_of small init)"
    wait_until is_stopped small
    run_vserver small stop
    [ "$status" -eq 3 ]
    audit_now
    vserver small start
    vserver small stop
}

# ---- ends by itself ----------------------------------------------------------------------------------------------

@test "reboot from inside starts the server again, with a new generation" {
    new_talker small 10.77.0.50
    mark
    vserver small start
    first=$(state_of small generation)
    vserver small exec -- kill -TERM 1 || true
    wait_until has_generation small $(( first + 1 ))
    audit_now small
    vserver small stop
}

@test "a server that does nothing but reboot is given a pause, which status shows, and a stop or a start ends" {
    new_talker small 10.77.0.50
    mark
    vserver small start
    paused_by_reboot
    run_vserver small status --json
    [[ $(json_of 'd["servers"][0]["restart"]') == *'rebooted 31 times in a row' ]]
    run_vserver small stop
    [ "$status" -eq 0 ]
    run_vserver small stop
    [ "$status" -eq 3 ]
    audit_now
    vserver small start
    paused_by_reboot
    vserver small start
    ! vserver small status | grep 'in a row' || false
    audit_now small
    echo 3 >/run/vservers/small/quick-reboots    # a pause of one second
    first=$(state_of small generation)
    vserver small exec -- kill -TERM 1 || true
    wait_until has_generation small $(( first + 1 ))
    vserver small stop
}

@test "what is set while a restart is to come counts for it" {
    new_talker small 10.77.0.50
    vserver small start
    echo 5 >/run/vservers/small/quick-reboots    # a pause of four seconds
    first=$(state_of small generation)
    vserver small exec -- kill -TERM 1 || true
    wait_until sh -c 'vserver small status | grep -q "in a row"'
    sed -i -e '/^hostname/d' -e '1i hostname = "anew"' /etc/vservers/small.toml
    wait_until has_generation small $(( first + 1 ))
    wait_until is_running small
    [ "$(vserver small exec -- hostname)" = anew ]
    vserver small stop
}

paused_by_reboot() {
    echo 30 >/run/vservers/small/quick-reboots
    vserver small exec -- kill -TERM 1 || true
    wait_until pauses
    is_stopped small
}
pauses() { vserver small status | grep -q 'restart  *60 s after .* rebooted 31 times in a row'; }

@test "a keeper's word about a server that lives, or that no keeper says, changes nothing" {
    new_talker small 10.77.0.50
    vserver small start
    for how in exit reboot 'exit 0' $'exit\n0'; do
        run_vserver --init-ended small "$(state_of small generation)" "$how"
        [ "$status" -ne 0 ]
        is_running small
    done
    vserver small stop
}

@test "who asks for the status all the time does not keep a server from rebooting" {
    new_talker small 10.77.0.50
    vserver small start
    first=$(state_of small generation)
    while :; do vserver small status || true; done >/dev/null 2>&1 3>&- &
    vserver small exec -- kill -TERM 1 || true
    wait_until has_generation small $(( first + 1 ))
    kill $!
    wait $! || true
    vserver small stop
}

@test "systemd's reboot from inside starts the server again; what it wrote is there" {
    new_host debian --address 10.77.0.60
    mark
    vserver debian start
    wait_for_boot debian
    first=$(state_of debian generation)
    vserver debian exec -- touch /root/written
    vserver debian exec -- systemctl reboot || true
    WAIT_SECONDS=60 wait_until has_generation debian $(( first + 1 ))
    wait_for_boot debian
    vserver debian exec -- test -e /root/written
    audit_now debian
    vserver debian stop
}

@test "power-off and halt from inside stop the server, and everything is gone" {
    for signal in USR2 USR1; do
        new_talker "small-$signal" 10.77.0.50
        mark
        vserver "small-$signal" start
        vserver "small-$signal" exec -- kill "-$signal" 1 || true
        wait_until is_stopped "small-$signal"
        audit_now
    done
    new_host debian --address 10.77.0.60
    mark
    vserver debian start
    wait_for_boot debian
    vserver debian exec -- systemctl poweroff || true
    WAIT_SECONDS=60 wait_until is_stopped debian
    audit_now
    wait_until ended_with debian halt
}

@test "an init that crashes leaves a stopped server, and status says how it ended" {
    new_talker small 10.77.0.50
    mark
    vserver small start
    kill -KILL "$(state_of small init)"
    wait_until is_stopped small
    audit_now
    wait_until ended_with small 'signal 9'
}

new_brief() {
    new_small brief --address 10.77.0.50
    sed -i 's/^#* *init = .*/init = "guest"/' /etc/vservers/brief.toml
    mkdir -p /var/lib/vservers/servers/brief/upper/sbin
    printf '#!/bin/sh\nexit 3\n' >/var/lib/vservers/servers/brief/upper/sbin/init
    chmod 755 /var/lib/vservers/servers/brief/upper/sbin/init
    mark
}
is_stopped_after_its_end() { wait_until is_stopped brief && audit_now && wait_until ended_with brief 'exit 3'; }

@test "a server whose init ends at once is started, and is stopped then" {
    new_brief
    for round in 1 2 3; do
        vserver brief start
        is_stopped_after_its_end
    done
}

@test "a server whose init has ended before its builder looks is started, too" {
    require_feature program strace
    new_brief
    # Each wait begins late, so that the builder's first look at the init is one at its remains.
    strace -f -qq -o /dev/null -e trace=ppoll,poll -e inject=ppoll,poll:delay_enter=100000 vserver brief start
    is_stopped_after_its_end
}

# ---- limits ------------------------------------------------------------------------------------------------------

@test "a fork bomb is held at the server's number of processes, and stops with it" {
    require_feature cgroups
    new_small bomb --address 10.77.0.50 --processes 60
    new_talker beside 10.77.0.51
    vserver start bomb beside
    timeout 5 vserver bomb exec -- sh -c 'b() { b | b & }; b; sleep 2' >/dev/null 2>&1 || true
    (( $(processes_inside bomb) <= 60 ))
    [ "$(vserver beside exec -- hostname)" = beside ]
    run_vserver bomb stop --kill
    [ "$status" -eq 0 ]
    vserver beside stop
}

@test "who takes more memory than the server has is killed inside it, and nobody else" {
    require_feature cgroups
    new_small eater --address 10.77.0.50 --memory 32M
    new_talker beside 10.77.0.51
    vserver start eater beside
    run_vserver eater exec -- sh -c 'x=0123456789abcdef; while :; do x=$x$x; done'
    [ "$status" -ne 0 ]
    [ "$(vserver eater exec -- hostname)" = eater ] || is_stopped eater
    [ "$(vserver beside exec -- hostname)" = beside ]
    vserver eater stop || true
    vserver beside stop
}
