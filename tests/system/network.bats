#!/usr/bin/env bats
# The network of servers, on namespaces instead of servers (tests/programs/cable.cpp): two of them beside each other, the
# host with its firewall, and the wire.

load ../support/common

packets=$BATS_TEST_DIRNAME/packets

# Server 0 is at 10.77.0.10 and fd77::10, server 1 at .11. Each is a process in a network namespace of its own.
setup() {
    guest0=$(new_guest) guest1=$(new_guest)
    plan0=$(cable up "$guest0" 0 "$(next_generation)" address=10.77.0.10 address=fd77::10)
    plan1=$(cable up "$guest1" 1 "$(next_generation)" address=10.77.0.11 address=fd77::11)
}

teardown() {
    local pid plan
    for plan in "$plan0" "$plan1" "${extra_plan:-}"; do [[ ! $plan ]] || cable down "$plan"; done
    for pid in $(cat "$BATS_TEST_TMPDIR/pids"); do kill "$pid" || true; done
    end_test
}

# ---- helpers -----------------------------------------------------------------------------------------------------

# at WHERE COMMAND...: a place is `host`, `wire` or the pid of a guest.
at() { there "$1"; "${there[@]}" "${@:2}"; }
there() {
    case $1 in
        host) there=(env) ;;
        wire) there=(wire) ;;
        *) there=(nsenter --net="/proc/$1/ns/net") ;;
    esac
}

# The same for what runs until the end of the test; its output goes to FILE.
background() {
    there "$2"
    "${there[@]}" "${@:3}" 3>&- 4>&- </dev/null >"$1" 2>&1 &
    echo $! >>"$BATS_TEST_TMPDIR/pids"
}

new_guest() {
    unshare --net sleep infinity 3>&- 4>&- </dev/null >/dev/null 2>&1 &
    echo $! >>"$BATS_TEST_TMPDIR/pids"
    wait_until own_network $!
    echo $!
}
own_network() { [[ $(readlink "/proc/$1/ns/net") != $(readlink /proc/self/ns/net) ]]; }

# As in a start: no device has the same name twice.
next_generation() {
    local file=$BATS_FILE_TMPDIR/generation last=0
    [[ ! -e $file ]] || last=$(<"$file")
    echo $(( last + 1 )) | tee "$file"
}

# A page on every address of a place: serve WHERE PORT. `fetch WHERE URL` gets it; its status is 7 where the answer was
# "refused", and 28 where none came.
serve() {
    background "$BATS_TEST_TMPDIR/served" "$1" "$packets" page "$2"
    wait_until fetch "$1" "http://[::1]:$2/"
}
fetch() { at "$1" curl --noproxy '*' -s --max-time "${3:-5}" "$2"; }

# What comes to a UDP port: hear WHERE FAMILY PORT; `heard` prints it once "end" has come.
hear() {
    background "$BATS_TEST_TMPDIR/heard" "$1" "$packets" listen "$2" "$3"
    wait_until grep -q ready "$BATS_TEST_TMPDIR/heard"
}
heard() {
    wait_until grep -q ' end$' "$BATS_TEST_TMPDIR/heard"
    grep -v ready "$BATS_TEST_TMPDIR/heard"
}

# ---- reaching ----------------------------------------------------------------------------------------------------

@test "the wire reaches a server's page by IPv4 and IPv6, and the first answer is not delayed" {
    serve "$guest0" 80
    [[ $(fetch wire http://10.77.0.10/ 0.5) == 'a page' ]]
    [[ $(fetch wire 'http://[fd77::10]/' 0.5) == 'a page' ]]
}

@test "a server reaches the wire as itself" {
    serve wire 80
    [[ $(fetch "$guest0" http://10.77.0.1/) == 'a page' ]]
    [[ $(fetch "$guest0" 'http://[fd77::1]/') == 'a page' ]]
    hear wire 4 5000
    at "$guest0" "$packets" send 4 10.77.0.1 5000 end
    [[ $(heard) == '10.77.0.10 end' ]]
}

@test "packets are 64 KiB between host and server, and fit the wire behind it" {
    serve "$guest0" 80
    serve wire 80
    # A young connection's segments are bound to half of the window.
    (( $("$packets" segment 10.77.0.10 80) > 30000 ))
    (( $("$packets" segment fd77::10 80) > 30000 ))
    (( $(at "$guest0" "$packets" segment 10.77.0.1 80) <= 1460 ))
    (( $(at "$guest0" "$packets" segment fd77::1 80) <= 1440 ))
    (( $(at wire "$packets" segment 10.77.0.10 80) <= 1460 ))
    at "$guest0" ip route get 10.77.0.2 | grep -qv 'mtu 1500'
}

@test "forwarding is on for our devices only, where the kernel can do that" {
    [[ $(</proc/sys/net/ipv4/ip_forward) == 0 ]]
    [[ $(</proc/sys/net/ipv4/conf/eth0/forwarding) == 1 ]]
    if [[ -e /proc/sys/net/ipv6/conf/all/force_forwarding ]]; then
        [[ $(</proc/sys/net/ipv6/conf/all/forwarding) == 0 ]]
    fi
    [[ $(</proc/sys/net/ipv6/conf/eth0/forwarding) == 1 ]]
    [[ $(</proc/sys/net/ipv6/conf/eth0/accept_ra) == 2 ]]    # or the host would lose its own default route
}

# As a host has it before the first server of a boot.
never_started() {
    cable down "$plan0"
    cable down "$plan1"
    nft delete table inet vserver
    echo 0 >/proc/sys/net/ipv4/conf/eth0/forwarding
    for key in all/forwarding eth0/force_forwarding eth0/forwarding; do
        [ ! -e "/proc/sys/net/ipv6/conf/$key" ] || echo 0 >"/proc/sys/net/ipv6/conf/$key"
    done
    kill "$guest0" "$guest1"
    wait_until no_cable_of 100
    wait_until no_cable_of 101
    plan0='' plan1=''
}
# A neighbour on the wire takes the host for its router.
wire_routes() { wire ip route "$1" 10.99.0.0/24 via 10.77.0.2; wire ip -6 route "$1" fd99::/64 via fd77::2; }
from_wire() {
    hear "$elsewhere" "$1" 5000
    wire "$packets" send "$1" "$2" 5000 neighbour
    at host "$packets" send "$1" "$2" 5000 end
    heard
}

@test "a start opens the host's other networks to nobody on the wire, and closes none that were open" {
    local elsewhere guest2
    never_started
    new_network
    ip -6 address add fd99::1/64 dev mgmt0 nodad
    at "$elsewhere" ip -6 address add fd99::5/64 dev eth0 nodad
    at "$elsewhere" ip -6 route add default via fd99::1
    wire_routes add
    guest2=$(new_guest)
    extra_plan=$(cable up "$guest2" 2 "$(next_generation)" address=10.77.0.12 address=fd77::12)
    [ "$(cat /proc/sys/net/ipv4/conf/eth0/forwarding)" = 1 ]
    [[ $(from_wire 4 10.99.0.5) != *neighbour* ]]
    [[ $(from_wire 6 fd99::5) != *neighbour* ]]
    serve "$guest2" 80
    [[ $(fetch wire http://10.77.0.12/) == 'a page' ]]
    [[ $(fetch wire 'http://[fd77::12]/') == 'a page' ]]
    echo 1 >/proc/sys/net/ipv4/conf/mgmt0/forwarding
    serve wire 80
    [[ $(fetch "$elsewhere" http://10.77.0.1/) == 'a page' ]]    # out, and the answers back

    cable down "$extra_plan"
    nft delete table inet vserver    # the host forwards by now, and our table does not know that it has not always
    extra_plan=$(cable up "$(new_guest)" 3 "$(next_generation)" address=10.77.0.13 address=fd77::13)
    [[ $(from_wire 4 10.99.0.5) == *neighbour*end* ]]
    [[ $(from_wire 6 fd99::5) == *neighbour*end* ]]
    wire_routes del
    ip link del mgmt0
}

# ---- refusing ----------------------------------------------------------------------------------------------------

@test "a server does not reach another, and is told at once" {
    serve "$guest1" 80
    for url in http://10.77.0.11/ 'http://[fd77::11]/'; do
        run fetch "$guest0" "$url"
        [[ $status == 7 ]]    # refused, not 28: timed out
    done
    hear "$guest1" 4 5000
    at "$guest0" "$packets" send 4 10.77.0.11 5000 word
    "$packets" send 4 10.77.0.11 5000 end
    [[ $(heard) == '10.77.0.2 end' ]]
}

@test "a server does not reach the host's sockets; the host reaches the server's" {
    serve host 8000
    serve "$guest0" 80
    for url in http://10.77.0.2:8000/ 'http://[fd77::2]:8000/'; do
        run fetch "$guest0" "$url"
        [[ $status == 7 ]]
    done
    [[ $(fetch host http://10.77.0.10/) == 'a page' ]]
    [[ $(fetch host 'http://[fd77::10]/') == 'a page' ]]
    at "$guest0" ping -c 1 -W 2 10.77.0.2
    at "$guest0" ping -c 1 -W 2 fd77::2
}

# A second network of the host, with somebody in it who serves a page.
new_network() {
    elsewhere=$(new_guest)
    ip link add mgmt0 type veth peer name eth0 netns "$elsewhere"
    ip address add 10.99.0.1/24 dev mgmt0
    ip link set mgmt0 up
    at "$elsewhere" ip link set lo up
    at "$elsewhere" ip address add 10.99.0.5/24 dev eth0
    at "$elsewhere" ip link set eth0 up
    at "$elsewhere" ip route add default via 10.99.0.1
    serve "$elsewhere" 80
    [[ $(fetch host http://10.99.0.5/) == 'a page' ]]
}

@test "a server reaches the wire behind an uplink, and no other network of the host" {
    local elsewhere guest2
    new_network
    run fetch "$guest0" http://10.99.0.5/
    [[ $status == 7 ]]    # refused, not 28: timed out
    guest2=$(new_guest)
    extra_plan=$(cable up "$guest2" 2 "$(next_generation)" address=10.77.0.12 uplink=mgmt0)
    [[ $(fetch "$guest2" http://10.99.0.5/) == 'a page' ]]
    nft get element inet vserver uplinks '{ "eth0" }'    # it may still go where the default route leads
    serve wire 80
    nft flush set inet vserver uplinks
    run fetch "$guest0" http://10.77.0.1/
    [[ $status == 7 ]]
    run cable findings "$plan0"
    [[ ${lines[0]} == *"the default route leads to 'eth0', which is closed to servers"* ]]
    eval "${lines[1]}"
    [[ $(fetch "$guest0" http://10.77.0.1/) == 'a page' ]]
    ip link del mgmt0
}

@test "a network that holds a server's address is an uplink's" {
    local elsewhere guest2
    new_network
    guest2=$(new_guest)
    extra_plan=$(cable up "$guest2" 2 "$(next_generation)" address=10.99.1.12)
    run fetch "$guest2" http://10.99.0.5/
    [[ $status == 7 ]]
    cable down "$extra_plan"
    kill "$guest2"
    wait_until no_cable_of 102
    guest2=$(new_guest)
    extra_plan=$(cable up "$guest2" 2 "$(next_generation)" address=10.99.0.77)
    echo 1 >/proc/sys/net/ipv4/conf/mgmt0/forwarding    # without uplink=mgmt0 that, and who answers for it there, is the administrator's
    at "$elsewhere" ip route add 10.99.0.77 via 10.99.0.1
    [[ $(fetch "$guest2" http://10.99.0.5/) == 'a page' ]]
    ip link del mgmt0
    nft flush set inet vserver uplinks    # which outlives the test
}

@test "a server does not reach cloud metadata and link-local addresses; the host does" {
    at wire ip address add 169.254.169.254/32 dev lo
    at wire ip address add fd00:ec2::254/128 dev lo
    serve wire 80
    [[ $(fetch host http://169.254.169.254/) == 'a page' ]]
    [[ $(fetch host 'http://[fd00:ec2::254]/') == 'a page' ]]
    for url in http://169.254.169.254/ 'http://[fd00:ec2::254]/' 'http://[fe80::1%eth0]/'; do
        run fetch "$guest0" "$url" 2
        [[ $status == 7 || $status == 28 ]]
        [[ ! $output ]]
    done
    serve "$guest0" 80    # whoever is there may ask, though: load balancers do
    [[ $(at wire curl -s --max-time 5 --interface 169.254.169.254 http://10.77.0.10/) == 'a page' ]]
    hear wire 4 53    # where clouds have their resolvers
    at "$guest0" "$packets" send 4 169.254.169.254 53 end
    [[ $(heard) == '10.77.0.10 end' ]]
    at wire ip address del 169.254.169.254/32 dev lo
    at wire ip address del fd00:ec2::254/128 dev lo
}

@test "spoofed sources are dropped on their way out" {
    hear wire 4 5000
    for source in 10.77.0.11 10.77.0.2 10.77.0.99 192.0.2.1 127.0.0.1; do
        at "$guest0" "$packets" forge eth0 "$source" 10.77.0.1 5000 spoofed
    done
    at "$guest0" "$packets" forge eth0 10.77.0.10 10.77.0.1 5000 honest    # the forgery itself works
    at "$guest0" "$packets" send 4 10.77.0.1 5000 end
    [[ $(heard) == $'10.77.0.10 honest\n10.77.0.10 end' ]]
}

@test "spoofed IPv6 sources are dropped on their way out" {
    hear wire 6 5000
    for source in fd77::11 fd77::2 fd77::99 2001:db8::1 fe80::2 fe80::77; do
        at "$guest0" "$packets" forge eth0 "$source" fd77::1 5000 spoofed
    done
    at "$guest0" "$packets" forge eth0 fd77::10 fd77::1 5000 honest
    at "$guest0" "$packets" send 6 fd77::1 5000 end
    [[ $(heard) == $'fd77::10 honest\nfd77::10 end' ]]
}

@test "spoofed sources of servers are dropped when they come from the wire, to the host and to servers" {
    hear "$guest0" 4 5000
    at wire ping -c 1 -W 2 10.77.0.2    # so that the wire knows where frames go
    at wire "$packets" forge eth0 10.77.0.11 10.77.0.10 5000 spoofed
    at wire "$packets" forge eth0 10.77.0.10 10.77.0.10 5000 spoofed
    at wire "$packets" forge eth0 192.0.2.1 10.77.0.10 5000 honest
    at wire "$packets" send 4 10.77.0.10 5000 end
    [[ $(heard) == $'192.0.2.1 honest\n10.77.0.1 end' ]]
}

@test "a server cannot send to the host as somebody on the wire" {
    hear host 4 5000
    at "$guest0" "$packets" forge eth0 10.77.0.1 10.77.0.2 5000 spoofed
    at wire "$packets" send 4 10.77.0.2 5000 end
    [[ $(heard) == '10.77.0.1 end' ]]
}

@test "a server's ARP, solicitations and router advertisements change nothing in the host" {
    local before
    at wire ping -c 1 -W 2 10.77.0.2
    before=$(neighbourhood)
    at "$guest0" "$packets" forge-arp eth0 10.77.0.1 200
    at "$guest0" "$packets" forge-solicitations eth0 200
    at "$guest0" "$packets" forge-advertisement eth0
    at "$guest0" ping -c 1 -W 2 10.77.0.2    # everything before it has been dealt with
    diff <(echo "$before") <(neighbourhood)
}

@test "no kind of frame comes from a server to a socket of the host or of another server" {
    local frames=$BATS_TEST_DIRNAME/../escape/frames.py attack before place
    attack=(/usr/bin/python3 "$frames" 10.77.0.10 fd77::10 10.77.0.2 fd77::2 10.77.0.11 fd77::11 5001)
    for place in host "$guest1"; do
        background "$BATS_TEST_TMPDIR/heard-$place" "$place" /usr/bin/python3 "$frames" listen 5001
        wait_until grep -q ready "$BATS_TEST_TMPDIR/heard-$place"
    done
    at wire ping -c 1 -W 2 10.77.0.2
    before=$(neighbourhood)
    at "$guest0" "${attack[@]}"
    at "$guest0" ping -c 1 -W 2 10.77.0.2
    diff <(echo "$before") <(neighbourhood)
    for place in host "$guest1"; do
        at wire "$packets" send 4 "$([[ $place == host ]] && echo 10.77.0.2 || echo 10.77.0.11)" 5001 end
        wait_until grep -q end "$BATS_TEST_TMPDIR/heard-$place"
        [ "$(<"$BATS_TEST_TMPDIR/heard-$place")" = $'ready\nend' ]
    done
    nft flush ruleset    # the frames are good
    at "$guest0" "${attack[@]}"
    wait_until many_hits host 50
    wait_until many_hits "$guest1" 1
}
many_hits() { (( $(grep -c HIT "$BATS_TEST_TMPDIR/heard-$1") >= $2 )); }
# Neighbours that are no entries of ours too; a device that is just up is "linkdown" for a moment.
neighbourhood() { { ip neigh show nud all | sort | grep vs-; ip -6 route; ip -6 address show scope global; } | sed 's/ linkdown//'; }

# ---- ports -------------------------------------------------------------------------------------------------------

@test "redirected ports lead from the wire and from the host to the server, and not from another server" {
    local guest2
    guest2=$(new_guest)
    serve host 8080    # its loopback is its own
    extra_plan=$(cable up "$guest2" 2 "$(next_generation)" address=10.77.0.12 address=fd77::12 \
        port=8080:80 port=10.77.0.2:8081:80 port='[fd77::2]:8082:80' port=5001:5000/udp)
    serve "$guest2" 80
    for url in http://10.77.0.2:8080/ 'http://[fd77::2]:8080/' http://10.77.0.2:8081/ 'http://[fd77::2]:8082/'; do
        [[ $(fetch wire "$url") == 'a page' ]]
        [[ $(fetch host "$url") == 'a page' ]]
        run fetch "$guest1" "$url"
        [[ $status == 7 ]]
    done
    [[ $(fetch host http://127.0.0.1:8080/) == 'a page' && $(fetch host 'http://[::1]:8080/') == 'a page' ]]
    run fetch wire 'http://[fd77::2]:8081/'    # that address was not asked for
    [[ $status == 7 ]]
    hear "$guest2" 4 5000
    at wire "$packets" send 4 10.77.0.2 5001 end
    [[ $(heard) == '10.77.0.1 end' ]]
}

@test "a port that leads to another server is busy, and stays the other's" {
    extra_plan=$(cable up "$(new_guest)" 2 "$(next_generation)" address=10.77.0.12 port=8080:80)
    run cable up "$(new_guest)" 3 "$(next_generation)" address=10.77.0.13 port=8080:81
    [[ $status == 7 && $output == *'redirect ports'*EEXIST* ]]
    nft get element inet vserver ports4 '{ tcp . 8080 : 10.77.0.12 . 80 }'
    [[ ! $(ip route show 10.77.0.13) ]]
}

# ---- coming and going --------------------------------------------------------------------------------------------

@test "an address of another server or of the host is found before a start, and refused by it" {
    [[ $(cable check 1 address=10.77.0.10 address=fd77::10 address=10.77.0.2 address=10.77.0.99 | cut -d' ' -f1,3) == \
       $'10.77.0.10 100\nfd77::10 100\n10.77.0.2 0' ]]
    [[ ! $(cable check 0 address=10.77.0.10) ]]
    run cable up "$(new_guest)" 5 "$(next_generation)" address=10.77.0.10
    [[ $status == 7 && $output == *'route to 10.77.0.10'*EEXIST* ]]
    ip route get 10.77.0.10 | grep -q 'dev vs-100-'                    # the loser's undo
    ip neigh show proxy | grep -q '^10.77.0.10 dev eth0'               # took nothing from the winner
}

@test "taking down twice is once, and works on what was never brought up" {
    cable down "$plan0"
    cable down "$plan0"
    cable down "${plan0/'"number":0'/'"number":77'}"
    [[ ! $(ip route show 10.77.0.10) && ! $(ip neigh show proxy 10.77.0.10) ]]
    ip route get 10.77.0.11 | grep -q 'dev vs-101-'
}

@test "taking down works when the cable is gone already" {
    kill "$guest0"
    wait_until no_device "$plan0"
    ip neigh show proxy | grep -q '^10.77.0.10 '
    cable down "$plan0"
    ! ip neigh show proxy | grep -q '^10.77.0.10 ' || false
}
no_device() { ! ip -o link | grep -q vs-100-; }

@test "a hundred cables come and go without a trace" {
    cable time 9 100 address=10.77.0.19 address=fd77::19 port=8090:80 >/dev/null
    wait_until no_cable_of 109
    [[ ! $(ip route show 10.77.0.19) && ! $(ip neigh show proxy | grep '\.19 ') ]]
    [[ $(nft list map inet vserver ports4) != *elements* ]]
}
no_cable_of() { ! ip -o link | grep -q "vs-$1-"; }

@test "foreign tables are not touched, byte for byte" {
    nft -f - <<'END'
table ip filter {
    chain FORWARD { type filter hook forward priority filter; policy accept; counter; }
}
table inet admin {
    set friends { type ipv4_addr; elements = { 192.0.2.7 } }
    chain input { type filter hook input priority filter; ip saddr @friends accept comment "mine"; }
}
END
    local before
    before=$(nft list table inet admin; nft list table ip filter | sed 's/packets.*//')
    cable down "$plan0"
    plan0=$(cable up "$guest1" 7 "$(next_generation)" address=10.77.0.17 port=8080:80 2>&1) && return 1    # eth0 is there
    plan0=''
    nft delete table inet vserver
    cable restore "$plan1"
    [[ $before == "$(nft list table inet admin; nft list table ip filter | sed 's/packets.*//')" ]]
    nft delete table ip filter
    nft delete table inet admin
}

@test "rules that somebody flushed come back, with the ports of servers that run" {
    local guest2
    guest2=$(new_guest)
    extra_plan=$(cable up "$guest2" 2 "$(next_generation)" address=10.77.0.12 port=8080:80)
    serve "$guest2" 80
    nft flush ruleset
    cable restore "$plan0" "$plan1" "$extra_plan"
    [[ $(fetch wire http://10.77.0.2:8080/) == 'a page' ]]
    run fetch "$guest0" http://10.77.0.12/
    [[ $status == 7 ]]
}

@test "a foreign chain that drops forwarded packets is found, and the remedy mends it" {
    nft -f - <<'END'
table inet strict {
    chain forward { type filter hook forward priority filter; policy drop; }
}
END
    serve "$guest0" 80
    run fetch wire http://10.77.0.10/ 1
    [[ $status == 28 ]]
    run cable findings "$plan0"
    [[ ${lines[0]} == *"chain forward in table 'inet strict' drops"* ]]
    eval "${lines[1]}"
    [[ $(fetch wire http://10.77.0.10/) == 'a page' ]]
    [[ ! $(cable findings "$plan0") ]]
    echo 0 >/proc/sys/net/ipv4/conf/eth0/forwarding
    run cable findings "$plan0"
    [[ ${lines[1]} == 'sysctl -w net/ipv4/conf/eth0/forwarding=1' ]]
    echo 1 >/proc/sys/net/ipv4/conf/eth0/forwarding
    echo 0 >/proc/sys/net/ipv6/conf/eth0/forwarding    # which nobody needs who has no IPv6 address
    [[ ! $(cable findings "$(jq -c '.uplink6 = null | .addresses = ["10.77.0.10"]' <<<"$plan0")") ]]
    [[ $(cable findings "$plan0") == *ipv6*forwarding* ]]
    echo 1 >/proc/sys/net/ipv6/conf/eth0/forwarding
    nft delete table inet strict
}
