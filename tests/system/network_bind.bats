#!/usr/bin/env bats
# Servers of network kind `bind`: the host's own stack, locked to the server's addresses.

load ../support/common
load ../support/servers

setup_file() {
    build_small
    begin_suite
}

teardown() {
    local pid
    for pid in $(jobs -p); do kill "$pid" 2>/dev/null || true; done
    wait
    ip address del 10.77.0.60/24 dev eth0 2>/dev/null || true
    remove_servers
    end_test
}

# new_web NAME ADDRESS...: a web server on any address that says its name.
new_web() {
    local options=() address
    for address in "${@:2}"; do options+=(--address "$address"); done
    new_small "$1" --network bind "${options[@]}"
    add_service "$1" web /bin/busybox httpd -f -p 80 -h /etc
}

page() { curl --silent --max-time 5 "http://$1/hostname"; }
has_page() { [[ $(on_wire curl --silent --max-time 5 "http://$1/hostname") == "$2" ]]; }
our_addresses() { ip -o address show | grep -E 'proto 118|fd76:' || true; }

@test "two servers and the host on one port, each with its address, on one network" {
    new_web one 10.77.0.51 fd77::51
    new_web two 10.77.0.52
    mark
    vserver one start
    run_vserver two start
    [ "$status" -eq 0 ]
    [[ $stderr != *libbpf* ]]    # for which it is no error that the first has the programs on the devices already
    audit_now one two
    busybox httpd -f -p 10.77.0.2:80 -h /usr/share 3>&- &
    wait_until has_page 10.77.0.51 one
    wait_until has_page '[fd77::51]' one
    wait_until has_page 10.77.0.52 two
    [ "$(on_wire curl --silent --max-time 5 --output /dev/null --write-out '%{http_code}' http://10.77.0.2/hostname)" = 404 ]
    [ "$(vserver one exec -- readlink /proc/self/ns/net)" = "$(readlink /proc/self/ns/net)" ]
    [ "$(vserver one exec -- wget -q -O - http://127.0.0.1/hostname)" = one ]
    [ "$(vserver two exec -- wget -q -O - http://127.0.0.1/hostname)" = two ]
    run vserver one exec -- timeout 5 nc -l -s 10.77.0.2 -p 8080
    [[ $status -ne 0 && $status -ne 124 && $status -ne 143 ]]
    [[ $(vserver one exec -- ip address) == *10.77.0.51/32* ]]
    kill %1
    wait %1 || true
    vserver one stop
    vserver two stop
    [ -z "$(our_addresses)" ]
    audit_now
}

@test "the audit knows what such a server has added: an alias that is taken away is missed" {
    new_web one 10.77.0.57
    mark
    vserver one start
    audit_now one
    ip address del 10.77.0.57/32 dev eth0
    run audit_now one
    [[ $status -ne 0 && $output == *10.77.0.57* ]]
}

@test "its connections leave from its address, and are seen from there" {
    new_small client --network bind --address 10.77.0.53
    vserver client start
    wire /usr/bin/python3 "$BATS_TEST_DIRNAME/../escape/reflector.py" 7003 3>&- &
    wait_until nc -z 10.77.0.1 7003
    [ "$(vserver client exec -- sh -c 'echo who | nc 10.77.0.1 7003')" = 10.77.0.53 ]
}

@test "its root has no power over the host's network, and nothing of the lock" {
    new_small jail --network bind --address 10.77.0.54
    vserver jail start
    for try in 'ip link set eth0 down' 'ip address add 10.77.0.99/32 dev eth0' 'ip route del default' 'ping -c 1 -W 1 -I 10.77.0.2 10.77.0.1' \
        'echo 0 >/sys/fs/cgroup/../cgroup.procs' 'nc -w 1 127.0.0.1 7004' 'nc -w 1 10.77.0.54 7004 -s 10.77.0.2'; do
        run timeout 8 vserver jail exec -- sh -c "$try"
        [ "$status" -ne 0 ] && [ "$status" -ne 124 ] || { echo "possible: $try"; return 1; }
    done
}

@test "an address that the host has stays when the server stops" {
    ip address add 10.77.0.60/24 dev eth0
    new_web guest 10.77.0.60
    mark
    vserver guest start
    wait_until has_page 10.77.0.60 guest
    vserver guest stop
    [[ $(ip -4 -o address show dev eth0) == *10.77.0.60/24* ]]
    audit_now
}

@test "an address of another such server is refused" {
    new_small first --network bind --address 10.77.0.55
    new_small second --network bind --address 10.77.0.55
    vserver first start
    run_vserver second start
    [ "$status" -eq 7 ]
    [[ $stderr == *'10.77.0.55 is in use'* ]]
    [[ $(ip -4 -o address show dev eth0) == *10.77.0.55/32* ]]
}

@test "what a killed start has left is taken away by the next command" {
    local init
    new_small crashed --network bind --address 10.77.0.56
    mark
    vserver crashed start
    kill_program keeper crashed
    wait_until gone keeper crashed
    init=$(state_of crashed init)
    kill -KILL "$init"
    wait_until test ! -e "/proc/$init"    # while it still ends the server runs, and gets a new keeper
    run_vserver crashed status
    run_vserver repair
    [ -z "$(our_addresses)" ]
    audit_now
}
