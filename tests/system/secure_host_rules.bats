# secure-host --behind-rules: the machine's devices stay with it, and the main environment cannot be reached; servers go on. The cable of the
# test host stands for its network card.

load ../support/common
load ../support/servers
load ../support/secured

teardown() {
    end_secured
    wire ip neigh flush dev eth0 nud permanent
    ip neigh flush dev eth0 nud permanent
    if [ -e /run/netns ]; then ip netns delete weak; umount /run/netns; rmdir /run/netns; fi
    end_test
}

# A server with addresses of its own that serves a page on port 80.
new_worker() {
    new_small "$1" --address 10.77.0.50 --address fd77::50
    add_service "$1" web /bin/httpd -f -p 80
    vserver "$1" start
}

secure() {
    new_worker web1
    vserver secure-host apply --behind-rules --console
    wait_until serves 10.77.0.50
}

cable() { echo "vs-$(( 100 + $(state_of web1 number) ))-$(state_of web1 generation)"; }
mac() { cat "/sys/class/net/$1/address"; }
in_server() { nsenter --net="/proc/$(state_of web1 init)/ns/net" "$@"; }
knock=$BATS_TEST_DIRNAME/../support/knock
# Whatever the machine has to say it can say: it knows where the asker is.
knock_from_wire() {
    local asker
    for asker in 10.77.0.99 fd77::99 fe80::99; do ip neigh replace "$asker" lladdr "$(on_wire ip -j link show eth0 | jq -r '.[0].address')" dev eth0 nud permanent; done
    on_wire "$knock" eth0 "$(mac eth0)" 10.77.0.99,fd77::99,fe80::99 10.77.0.2,fd77::2,fe80::2 7777 10.77.0.50 fd77::50
}
knock_from_inside() { in_server "$knock" eth0 "$(mac "$(cable)")" 10.77.0.50,fd77::50,fe80::50 10.77.0.2,fd77::2,fe80::1 7777; }
of_network() {
    ip -o address; ip -d route show table all; ip -6 -d route show table all; ip -o link | sed 's/state [A-Z]* //'; nft -s list ruleset
    find /proc/sys/net -name '*forwarding' -o -name 'arp_*' -o -name 'proxy_*' | xargs -r grep -H .
}
# nmap gets neither a yes nor a no.
silent() {
    run "$1" nmap -n -Pn --send-ip --max-retries 0 --min-rate 20000 -oG - "${@:2}"
    [[ $output == *'# Nmap done'*' 1 IP address (1 host up)'* && $output != *@(/open/|closed|unfiltered)* ]] || { echo "$output"; return 1; }
}

@test "the plan says what stays, and refuses whoever would be locked out or cut off" {
    new_worker web1
    run_vserver secure-host plan --behind-rules
    [ "$status" -eq 4 ]
    [[ $output == *'eth0 stays, behind rules, 10.77.0.2/24, fd77::2/64, by 10.77.0.1, by fd77::1'* ]]
    [[ $output == *'is no console of this machine: with the network your way in would go'* ]]
    SSH_CONNECTION='192.0.2.9 1 10.77.0.2 22' run_vserver secure-host apply --behind-rules
    [ "$status" -eq 4 ]
    [[ $stderr == *'you are here by ssh from 192.0.2.9'* ]]
    ! nft list table inet vserver_secure || false
    run_vserver secure-host plan --behind-rules --console
    [ "$status" -eq 0 ]
    ip address add 10.77.0.3/24 dev eth0 valid_lft 1000 preferred_lft 1000
    run_vserver secure-host plan --behind-rules --console
    ip address delete 10.77.0.3/24 dev eth0
    [[ $status == 0 && $output == *'note: 10.77.0.3 is lent for a time'* ]]
    ip link add br0 type bridge
    run_vserver secure-host plan --behind-rules --console
    ip link delete br0
    [[ $status == 4 && $output == *"'br0' is a bridge"* ]]
    new_small web2 --network host
    add_service web2 idle /bin/sleep 100000
    vserver web2 start
    run_vserver secure-host plan --behind-rules --console
    [[ $status == 4 && $output == *"'web2' runs in the main environment's own network and would be cut off"* ]]
    vserver web2 stop --kill
    run_vserver secure-host plan web1 --behind-rules
    [ "$status" -eq 2 ]
    run_vserver secure-host apply
    [[ $status == 2 && $stderr == *'or that they stay: vserver secure-host apply --behind-rules'* ]]
}

@test "behind rules the server answers and the main environment does not; undone, all is as before" {
    new_worker web1
    wait_until serves 10.77.0.50     # its cable is up, and the routes are what they stay
    of_network >"$BATS_TEST_TMPDIR/before"
    cp /etc/vservers/web1.toml "$BATS_TEST_TMPDIR/before.toml"
    in_background nc -lk 0.0.0.0 7777
    wait_until listens 7777
    run -1 knock_from_wire
    echo "$output"
    (( ${#lines[@]} > 30 ))                      # what a kernel says that is asked all that
    [[ $output == *'ARP reply for 10.77.0.2'* && $output == *'IPv6 from fe80::2: protocol 58, type 136'* ]]
    run -1 knock_from_inside
    vserver secure-host apply --behind-rules --console
    [ -e /sys/class/net/eth0 ] && [ -e "/sys/class/net/$(cable)" ]
    run -0 knock_from_wire
    run -0 knock_from_inside
    on_wire ip neigh flush dev eth0              # and finds the server anew
    wait_until serves 10.77.0.50
    wait_until serves '[fd77::50]'
    vserver web1 exec -- ping -c 1 -W 5 10.77.0.1
    ip neigh flush dev eth0                      # the main environment asks for its gateway
    vserver web1 exec -- ping -c 1 -W 5 fd77::1
    run ! ping -c 1 -W 1 10.77.0.1               # not for itself
    vserver secure-host undo
    ! nft list table inet vserver_secure || false
    of_network | diff "$BATS_TEST_TMPDIR/before" -
    cmp /etc/vservers/web1.toml "$BATS_TEST_TMPDIR/before.toml"
    [ ! -e /var/lib/vservers/guard/secure-host.json ] && [ ! -e /var/lib/vservers/guard/secure-host.nft ]
    on_wire ping -c 1 -W 2 10.77.0.2
    run -1 knock_from_wire
}

@test "behind rules nmap gets not one reply, from the wire or from inside, and the server's page is there" {
    local scan
    new_worker web1
    in_background nc -lk 0.0.0.0 7777
    in_background nc -u -lk 0.0.0.0 7778
    wait_until listens 7777
    vserver secure-host apply --behind-rules --console
    on_wire ip neigh replace 10.77.0.2 lladdr "$(mac eth0)" dev eth0 nud permanent    # whoever asks for no address by ARP
    on_wire ip neigh replace fd77::2 lladdr "$(mac eth0)" dev eth0 nud permanent
    for scan in '-sS -p-' '-sU -p 1-1000,7778' '-sO'; do
        silent on_wire $scan 10.77.0.2
        silent in_server $scan 10.77.0.2
    done
    for scan in '-sS -p-' '-sU -p 1-1000,7778'; do
        silent on_wire $scan -6 fd77::2
        silent in_server $scan -6 fd77::2
    done
    serves 10.77.0.50
    run on_wire nmap -n -Pn -sT -p 1-100 -oG "$BATS_TEST_TMPDIR/wire" 10.77.0.2 10.77.0.50
    run -1 vserver secure-host prove --wire "$BATS_TEST_TMPDIR/wire"          # a listener on every address, whom the rules alone keep in
    [[ $output == *'listener: tcp 0.0.0.0:7777'* && $output != *'wire: 10'* && $output != *'weakness  probe'* ]]
    kill "${helpers[@]}"
    wait_until bash -c '! ss -Hltun | grep -q .'
    run -0 vserver secure-host prove --wire "$BATS_TEST_TMPDIR/wire"
    [[ $output == UNREACHABLE* && $output == *'10.77.0.50 80/tcp'* ]]
    grep -q '^vserver-guard 1 ' /var/lib/vservers/guard/proof
    [[ $(vserver web1 logs --grep "sha256 of guard/proof $(sha256sum </var/lib/vservers/guard/proof | cut -c1-64)") == *'secure-host prove: UNREACHABLE at '* ]]
    vserver web1 logs --verify
    run -1 vserver secure-host prove --wire <(echo 'Host: 10.77.0.2 () Ports: 9/closed/tcp//x///')
    [[ $output == *'weakness  wire: 10.77.0.2 answers, and no server has it'* ]]
}

@test "servers come and go behind the rules, and neighbours are answered for those that run" {
    secure
    answered() { vserver secure-host prove --json | jq -r '.evidence.neighbours[]'; }
    [ "$(answered)" = $'answered for: 10.77.0.50\nanswered for: fd77::50' ]
    vserver web1 restart
    wait_until serves 10.77.0.50
    vserver web1 stop --kill
    [ -z "$(answered)" ]
    [ "$(verdict)" = UNREACHABLE ]
    vserver web1 start
    nft flush ruleset
    vserver secure-host resume
    on_wire ip neigh flush dev eth0
    wait_until serves 10.77.0.50
    wait_until serves '[fd77::50]'
    [ "$(verdict)" = UNREACHABLE ]
}

@test "behind rules prove finds each of the weakenings, and nothing else" {
    local before
    secure
    before=$(weaknesses)
    [ -z "$before" ]

    nft flush chain inet vserver_secure input;         [[ $(weaknesses) == "rules: the table 'inet vserver_secure' is not as it was"* ]]
    vserver secure-host resume
    nft delete table inet vserver_secure;              [[ $(weaknesses) == *"rules: the table 'inet vserver_secure' is not loaded"* ]]
    vserver secure-host resume
    nft delete table arp vserver_secure;               [[ $(weaknesses) == "rules: the table 'arp vserver_secure' is not loaded" ]]
    vserver secure-host resume
    nft 'add chain inet vserver_secure input { policy accept; }'
    [[ $(weaknesses) == *"rules: the table 'inet vserver_secure' is not as it was"* ]]
    vserver secure-host resume
    nft 'add chain inet vserver_secure forward { policy accept; }'
    [[ $(weaknesses) == "rules: the table 'inet vserver_secure' is not as it was"* ]]
    vserver secure-host resume
    nft insert rule arp vserver_secure output accept;  [[ $(weaknesses) == "rules: the table 'arp vserver_secure' is not as it was"* ]]
    vserver secure-host resume
    nft 'add table inet vserver_secure { flags dormant; }'
    [[ $(weaknesses) == *"rules: the table 'inet vserver_secure' is not as it was"* ]]
    nft delete table inet vserver_secure
    vserver secure-host resume
    [ -z "$(weaknesses)" ]

    nft add element arp vserver_secure servers '{ 10.77.0.2 }'
    [[ $(weaknesses) == 'neighbour: neighbours are answered for 10.77.0.2, which no running server has' ]]
    nft delete element arp vserver_secure servers '{ 10.77.0.2 }'
    ip neigh add proxy 10.77.0.2 dev eth0;             [[ $(weaknesses) == 'neighbour: there is a proxy entry for 10.77.0.2, which no running server has' ]]
    ip neigh delete proxy 10.77.0.2 dev eth0
    ip neigh add proxy fd77::2 dev eth0;               [[ $(weaknesses) == 'neighbour: there is a proxy entry for fd77::2, which no running server has' ]]
    ip neigh delete proxy fd77::2 dev eth0

    nft 'add table netdev early { chain first { type filter hook ingress device eth0 priority 0; }; }'
    [[ $(weaknesses) == 'hook: the chain netdev early/first on eth0 sees packets before every rule' ]]
    nft delete table netdev early
    nft 'add table inet early { chain first { type filter hook ingress device eth0 priority 0; }; }'
    [[ $(weaknesses) == 'hook: the chain inet early/first on eth0 sees packets before every rule' ]]
    nft delete table inet early
    nft 'add table ip early { chain first { type filter hook prerouting priority -451; }; }'
    [[ $(weaknesses) == 'hook: the chain ip early/first sees packets before every rule' ]]
    nft delete table ip early
    tc qdisc add dev eth0 clsact;                      [[ $(weaknesses) == "hook: 'eth0' has filters of tc where packets come in, before every rule" ]]
    tc qdisc delete dev eth0 clsact

    ip address add 10.77.0.9/24 dev eth0;              [[ $(weaknesses) == 'address: the main environment has 10.77.0.9/24' ]]
    ip address delete 10.77.0.9/24 dev eth0
    ip link add weak0 link eth0 type macvlan;          [[ $(weaknesses) == "device: 'weak0' has come since the rules were laid"* ]]
    ip link delete weak0
    rm /var/lib/vservers/guard/secure-host.nft;        [[ $(weaknesses) == 'boot: '*'does not have the rules'* ]]
    vserver secure-host resume
    [ -z "$(weaknesses)" ]
}

@test "behind rules prove finds programs that see packets first" {
    local kind
    secure
    for kind in xdp tcx; do
        [[ $kind == xdp || $(printf '%s\n' 6.6 "$(uname -r)" | sort -V | head -n 1) == 6.6 ]] || continue
        in_background "$BATS_TEST_DIRNAME/../support/bpf_on_device" "$kind" eth0
        wait_until bash -c "vserver secure-host prove | grep -q 'weakness  hook'"
        [[ $(weaknesses) == "hook: 'eth0' has "@(an XDP program|a BPF program of traffic control)', before every rule' ]]
        kill "${helpers[-1]}"
        wait_until bash -c 'vserver secure-host prove >/dev/null'
    done
}

@test "behind rules prove finds whoever listens past them" {
    secure
    in_background nc -lk 0.0.0.0 7777
    wait_until listens 7777;                           [[ $(weaknesses) == 'listener: tcp '*:7777* ]]
    kill "${helpers[-1]}"
    wait_until bash -c '! ss -Hltn | grep -q .'
    in_background python3 -c 'import socket, time; s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)); time.sleep(1000)'
    wait_until bash -c 'ss -H0n | grep -q .'
    [[ $(weaknesses) == *'hook: packet_rcv takes packets of type ALL past every rule'* && $(weaknesses) == *'listener: '*'python3'*': packet'* ]]
    kill "${helpers[-1]}"
    wait_until bash -c '! ss -H0n | grep -q .'

    # A socket of another network, whose owner is back in ours; and that network, which shares the card, with nobody in it.
    ip netns add weak
    ip link add weak0 link eth0 netns weak type macvlan
    [[ $(weaknesses) == "network: the network net:"*"/netns/weak has the macvlan 'weak0', which shares a device of another network" ]]
    ip -n weak link delete weak0
    wait_until bash -c 'vserver secure-host prove >/dev/null'
    in_background python3 -c '
import ctypes, os, socket, time
home, away = os.open("/proc/self/ns/net", os.O_RDONLY), os.open("/run/netns/weak", os.O_RDONLY)
libc = ctypes.CDLL(None)
assert libc.setns(away, 0) == 0
s = socket.create_server(("", 7779))
assert libc.setns(home, 0) == 0
time.sleep(1000)'
    wait_until bash -c 'vserver secure-host prove | grep -q "weakness  listener"'
    [[ $(weaknesses) == 'listener: '*'python3'*': of another network' ]]
    kill "${helpers[-1]}"
    ip netns delete weak
    umount /run/netns && rmdir /run/netns
    wait_until bash -c 'vserver secure-host prove >/dev/null'

    in_background nsenter --net="/proc/$(state_of web1 init)/ns/net" nc -lk 0.0.0.0 7780
    wait_until bash -c "nsenter --net=/proc/$(state_of web1 init)/ns/net ss -Hltn | grep -q 7780"
    [[ $(weaknesses) == 'process: '*"in the network of 'web1'" ]]
    kill "${helpers[-1]}"
}

@test "behind rules what leads to the main environment by a detour is not let in" {
    secure
    in_background nc -lk 0.0.0.0 7777
    wait_until listens 7777
    nft 'add table ip detour { chain in { type nat hook prerouting priority -100; ip daddr 10.77.0.50 tcp dport 7777 dnat to 10.77.0.2; }; }'
    run ! on_wire curl -s --max-time 1 http://10.77.0.50:7777/
    nft 'add rule ip detour in ip daddr 10.77.0.50 tcp dport 7778 redirect to :7777'
    run ! on_wire curl -s --max-time 1 http://10.77.0.50:7778/
    nft 'add table inet detour { chain in { type filter hook input priority -400; accept; }; chain out { type filter hook output priority -400; accept; }; }'
    run knock_from_wire
    echo "$output"
    [ "$status" -eq 0 ]
    nft 'delete table ip detour; delete table inet detour'
}

@test "an apply behind rules that fails leaves everything as it was" {
    new_worker web1
    wait_until serves 10.77.0.50     # its cable is up, and the routes are what they stay
    of_network >"$BATS_TEST_TMPDIR/before"
    mkdir "$BATS_TEST_TMPDIR/bin"
    printf '#!/bin/sh\ncase $* in *-f*) grep -q "typeof @th" && exit 1; esac\nexec /usr/sbin/nft "$@" </dev/null\n' >"$BATS_TEST_TMPDIR/bin/nft"
    chmod +x "$BATS_TEST_TMPDIR/bin/nft"
    PATH=$BATS_TEST_TMPDIR/bin:$PATH run_vserver secure-host apply --behind-rules --console
    [[ $status == 1 && $stderr == *'cannot secure this machine'*'load the rules'* ]]
    of_network | diff "$BATS_TEST_TMPDIR/before" -
    [ ! -e /var/lib/vservers/guard/secure-host.json ]
}

# What would be said if one of the walls were not there: so each is needed, and knock would find it missing.
@test "behind rules no wall is there for nothing" {
    secure
    missing() {
        nft "${@:2}"
        run -1 knock_from_wire
        [[ $output == *"$1"* ]] || { echo "without: ${*:2}"; echo "$output"; return 1; }
        vserver secure-host resume
    }
    in_background nc -lk 0.0.0.0 7777
    missing 'protocol 1, type 11' 'add chain inet vserver_secure output { policy accept; }'     # a packet to the server whose time is over
    missing 'IPv6 from fd77::2: protocol 58, type 136' 'insert rule inet vserver_secure input accept; insert rule inet vserver_secure output accept'
    missing 'IPv4 from 10.77.0.2: protocol 1, type 0' 'insert rule inet vserver_secure arrive accept; insert rule inet vserver_secure input accept; insert rule inet vserver_secure output accept'
    missing 'ARP reply for 10.77.0.2' 'insert rule arp vserver_secure input accept; insert rule arp vserver_secure output accept'
    run -0 knock_from_wire
}
