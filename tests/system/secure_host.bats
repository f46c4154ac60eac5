# secure-host: one server has the machine's network, and the main environment cannot be reached. The cable of the test host stands for
# its network card.

load ../support/common
load ../support/servers
load ../support/secured

teardown() {
    end_secured
    [ -e /sys/class/net/eth0 ] || nsenter --net=/run/vservers/.parked ip link set eth0 netns 1
    give_back_eth0
    if [ -e /run/vservers/.parked ]; then umount /run/vservers/.parked && rm /run/vservers/.parked; fi   # its number as a peer stays otherwise
    end_test
}

# A server that serves a page on port 80 when it has a network.
new_worker() {
    new_small "$1" --network none
    add_service "$1" web /bin/httpd -f -p 80
}

secure() {
    new_worker web1
    vserver secure-host apply web1 --console
}

@test "a device of the host goes to its server and waits for it while it is stopped" {
    new_worker web1
    printf '\n[[device]]\nname = "eth0"\naddresses = ["10.77.0.2/24", "fd77::2/64"]\ngateways = ["10.77.0.1", "fd77::1"]\n' >>/etc/vservers/web1.toml
    vserver web1 start
    [ ! -e /sys/class/net/eth0 ]
    wait_until serves 10.77.0.2
    on_wire ping -c 1 -W 2 fd77::2
    vserver web1 exec -- sh -c 'ip link set eth0 down && ip link set eth0 name other'
    vserver web1 stop --kill
    [ ! -e /sys/class/net/eth0 ] && [ ! -e /sys/class/net/other ]
    vserver web1 start
    wait_until serves 10.77.0.2
    ip link add eth0 type veth peer name other     # a stranger that has its name meanwhile
    vserver web1 stop --kill
    ip link delete eth0
}

in_server() { nsenter --net=/run/vservers/web1/network "$@"; }

@test "the plan says what goes where, and refuses whoever would be locked out" {
    new_worker web1
    run_vserver secure-host plan web1
    [ "$status" -eq 4 ]
    [[ $output == *'eth0 goes to '\''web1'\'', 10.77.0.2/24, fd77::2/64, by 10.77.0.1, by fd77::1'* ]]
    [[ $output == *'is no console of this machine: with the network your way in would go'* ]]
    SSH_CONNECTION='192.0.2.9 1 10.77.0.2 22' run_vserver secure-host apply web1
    [ "$status" -eq 4 ]
    [[ $stderr == *'you are here by ssh from 192.0.2.9'* ]]
    [ -e /sys/class/net/eth0 ]
    ip link add br0 type bridge
    run_vserver secure-host plan web1 --console
    ip link delete br0
    [ "$status" -eq 4 ]
    [[ $output == *"'br0' is a bridge"* ]]
}

@test "secured, the server answers and the main environment does not; undone, all is as before" {
    local before after
    new_worker web1
    cp /etc/vservers/web1.toml "$BATS_TEST_TMPDIR/before.toml"
    of_eth0() { ip -o address show dev eth0 scope global | sed 's/^[0-9]*: //'; ip -d route show table all dev eth0; ip -6 -d route show table all dev eth0 | grep -v ' fe80\|^multicast'; }
    ip address add 10.77.0.5/24 broadcast 10.77.0.255 label eth0:1 metric 50 dev eth0
    ip route add 198.51.100.0/24 via 10.77.0.1 dev eth0 proto static metric 77 src 10.77.0.5 mtu 1400
    ip route add 203.0.113.0/24 via 192.0.2.1 dev eth0 onlink proto bird
    ip route add default via 10.77.0.1 dev eth0 table 100 proto dhcp
    ip -6 route add 2001:db8::/48 via fd77::1 dev eth0 metric 88 pref high
    before=$(of_eth0)
    in_background nc -lk 0.0.0.0 7777
    wait_until listens 7777
    vserver secure-host apply web1 --console
    wait_until serves 10.77.0.2
    [ "$(ip -o link | wc -l)" -eq 1 ]
    run on_wire nmap -n -Pn -sT -p 1-1000,7777 --max-retries 1 -oG - 10.77.0.2
    [[ $output == *'80/open'* && $output != *7777/open* ]]
    printf '%s\n' "$output" >"$BATS_TEST_TMPDIR/wire"
    kill "${helpers[0]}"
    run vserver secure-host prove --wire "$BATS_TEST_TMPDIR/wire"
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == UNREACHABLE* && $output == *'1 open'* ]]
    grep -q '^vserver-guard 1 ' /var/lib/vservers/guard/proof
    vserver web1 logs --verify
    [[ $(vserver web1 logs --grep "sha256 of guard/proof $(sha256sum </var/lib/vservers/guard/proof | cut -c1-64)") == *'secure-host prove: UNREACHABLE at '* ]]
    vserver web1 stop --kill
    run -1 vserver secure-host prove --wire <(echo 'Host: 10.77.0.2 () Ports: 9/open/tcp//x///')
    [[ $(vserver web1 logs --grep 'secure-host prove: REACHABLE') == *'9/tcp answers, and no server listens there'* ]]
    vserver web1 logs --verify
    in_background bash -c 'while :; do vserver secure-host catch; done'     # as udev does, for the very device that is given back
    vserver secure-host undo
    kill "${helpers[-1]}"
    [ -e /sys/class/net/eth0 ]
    cmp /etc/vservers/web1.toml "$BATS_TEST_TMPDIR/before.toml"
    after=$(of_eth0)
    diff <(echo "$before") <(echo "$after")
    on_wire ping -c 1 -W 2 10.77.0.2
    ! nft list table inet vserver_secure || false
}

@test "a secured server without services: not one reply to nmap, from the wire or from inside" {
    new_small web1 --network none
    add_service web1 idle /bin/sleep 100000
    in_background nc -lk 127.0.0.1 7777
    wait_until listens 7777
    vserver secure-host apply web1 --console
    in_background nc -u -lk 127.0.0.1 7777
    local scan
    for scan in -sT -sU; do
        none_open on_wire $scan 10.77.0.2
        none_open on_wire $scan -6 fd77::2
        none_open in_server $scan 127.0.0.1
        none_open in_server $scan -6 ::1
    done
    kill "${helpers[1]}"
    wait_until bash -c '! ss -Hlun | grep -q .'
    [ "$(verdict)" = UNREACHABLE ]
    vserver secure-host prove --json | jq -e '.evidence.listeners == ["tcp 127.0.0.1:7777 (uid 0)"] and .evidence.wire[0] != null' >/dev/null
    vserver secure-host prove --json | jq -e '.evidence.probes == ["web1: 2 tried, 0 answered"]' >/dev/null
}

@test "prove: not secured is a weakness" {
    run_vserver secure-host prove
    [ "$status" -eq 1 ]
    [[ $output == *'this machine is not secured'* ]]
}

@test "prove finds each of the weakenings, and nothing else" {
    local before
    secure
    before=$(weaknesses)
    [ -z "$before" ]

    on_wire ip link add weak1 type veth peer name weak0 netns 1;                  [[ $(weaknesses) == *"device: 'weak0' is in the main"* ]]
    vserver secure-host catch
    [ ! -e /sys/class/net/weak0 ]
    nsenter --net=/run/vservers/.parked ip link delete weak0
    ip address add 10.77.0.9/32 dev lo;                [[ $(weaknesses) == 'address: the main environment has 10.77.0.9/32' ]]
    ip address delete 10.77.0.9/32 dev lo
    nft delete table inet vserver_secure;              [[ $(weaknesses) == "rules: the table 'inet vserver_secure' is not loaded" ]]
    vserver secure-host resume
    nft insert rule inet vserver_secure input accept;  [[ $(weaknesses) == "rules: the table 'inet vserver_secure' is not as it was"* ]]
    vserver secure-host resume
    nft delete table arp vserver_secure;               [[ $(weaknesses) == "rules: the table 'arp vserver_secure' is not loaded" ]]
    vserver secure-host resume
    rm /var/lib/vservers/guard/secure-host.nft;        [[ $(weaknesses) == 'boot: '*'does not have the rules'* ]]
    vserver secure-host undo
    vserver secure-host apply web1 --console
    cp /etc/vservers/web1.toml "$BATS_TEST_TMPDIR/web1.toml"
    sed -i '/^\[\[device\]\]/,/^$/d' /etc/vservers/web1.toml
    [[ $(weaknesses) == "boot: the settings of 'web1' do not have the device 'eth0' any more" ]]
    cp "$BATS_TEST_TMPDIR/web1.toml" /etc/vservers/web1.toml
    [ -z "$(weaknesses)" ]
}

@test "prove looks at a server whose settings are damaged or lost, and says that it is not OK" {
    secure
    [ "$(verdict)" = UNREACHABLE ]
    new_small web2 --network host
    add_service web2 hold /bin/sleep 1000
    vserver web2 start
    mv /etc/vservers/web2.toml "$BATS_TEST_TMPDIR/"
    [[ $(weaknesses) == "server: 'web2' runs in the main environment's own network" ]]
    cp "$BATS_TEST_TMPDIR/web2.toml" /etc/vservers/
    vserver web2 stop

    sed -i 's/^kind = .*/kind = "none"/' /etc/vservers/web2.toml
    cp /etc/vservers/web2.toml "$BATS_TEST_TMPDIR/"
    vserver web2 start
    [ "$(verdict)" = UNREACHABLE ]
    echo nonsense >/etc/vservers/web2.toml
    [ "$(verdict)" = UNKNOWN ]
    rm /etc/vservers/web2.toml
    [ "$(verdict)" = UNKNOWN ]
    vserver secure-host prove --json | jq -e '.unknown[] | tostring | contains("web2")'
    cp "$BATS_TEST_TMPDIR/web2.toml" /etc/vservers/
}

@test "prove finds whoever listens or shares a network" {
    secure
    in_background nc -lk 0.0.0.0 7777
    wait_until listens 7777;                           [[ $(weaknesses) == 'listener: tcp '*:7777* ]]
    kill "${helpers[0]}"
    wait_until bash -c '! ss -Hltn | grep -q .'
    in_background nc -u -lk :: 7778
    wait_until bash -c 'ss -Hlun | grep -q 7778';      [[ $(weaknesses) == 'listener: udp '*:7778* ]]
    kill "${helpers[1]}"
    wait_until bash -c '! ss -Hlun | grep -q .'
    in_background python3 -c 'import socket, time; s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 3); time.sleep(1000)'
    wait_until bash -c 'ss -H0n | grep -q .';          [[ $(weaknesses) == 'listener: '*'python3'*': packet' ]]
    kill "${helpers[2]}"
    wait_until bash -c '! ss -H0n | grep -q .'
    in_background python3 -c 'import socket, time; s = socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM); s.bind((socket.VMADDR_CID_ANY, 7779)); s.listen(); time.sleep(1000)'
    wait_until bash -c 'vserver secure-host prove | grep -q "vsock, listening"'
    [[ $(weaknesses) == 'listener: '*'python3'*': vsock, listening' ]]
    kill "${helpers[3]}"
    wait_until bash -c 'vserver secure-host prove >/dev/null'
    in_background nsenter --net=/run/vservers/web1/network nc -lk 0.0.0.0 7780
    wait_until bash -c "nsenter --net=/run/vservers/web1/network ss -Hltn | grep -q 7780"
    [[ $(weaknesses) == 'process: '*"in the network of 'web1'" ]]
    kill "${helpers[4]}"
    new_small web2 --network host
    add_service web2 idle /bin/sleep 100000
    vserver web2 start
    [[ $(weaknesses) == *"server: 'web2' runs in the main environment's own network"* ]]
    vserver web2 stop --kill
    [ "$(verdict)" = UNREACHABLE ]
}

@test "an apply that fails leaves everything as it was" {
    new_worker web1
    printf '\n[[service]]\nname = "bad"\ncommand = ["/bin/true"]\n' >>/etc/vservers/web1.toml
    sed -i 's|^#hooks = .*|hooks = "/usr/bin/false"|' /etc/vservers/web1.toml
    cp /etc/vservers/web1.toml "$BATS_TEST_TMPDIR/before.toml"
    run_vserver secure-host apply web1 --console
    [ "$status" -eq 1 ]
    [[ $stderr == *'cannot secure this machine'* ]]
    cmp /etc/vservers/web1.toml "$BATS_TEST_TMPDIR/before.toml"
    [ -e /sys/class/net/eth0 ]
    ! nft list table inet vserver_secure || false
    [ ! -e /var/lib/vservers/guard/secure-host.json ]
}
