#!/usr/bin/env bats
# What a server of network kind `bind` is shown of the host's network (src/server/network_view.hpp): its own addresses, whoever asks, however it
# came in; what its root can do with that; and that it stays when what shows it is killed.

load ../support/common
load ../support/servers

readonly own=10.77.0.50 own6=fd77::50

setup_file() {
    build_small
    begin_suite
}

teardown() { remove_servers; end_test; }

# make_server [SETTING...]: with the programs of the host.
make_server() {
    new_small small --network bind --address $own --address $own6
    set_in small network "$@"
    printf '\n[[mount]]\nfrom = "/usr"\nto = "/usr"\n' >>/etc/vservers/small.toml
    add_service small shown /usr/bin/python3 /root/network_view.py shown
    vserver small exec -- sh -c 'ln -s usr/lib usr/lib64 / && cat >/root/network_view.py && chmod 755 /root' <"$BATS_TEST_DIRNAME/network_view.py"
    mark
    vserver small start
}

inside() { vserver small exec "$@"; }
asked() { inside -u "${2:-root}" -- /usr/bin/python3 /root/network_view.py $1; }
view_pids() { pgrep -f 'vserver-netview small ' | sort -n; }
two_views() { (( $(view_pids | wc -l) == 2 )); }
other_views() { two_views && [[ $(view_pids) != "$1" ]]; }
index_of_eth0() { cat /sys/class/net/eth0/ifindex; }

# What a program in it should have been told, as network_view.py prints it.
own_view() {
    printf '%s\n' "address eth0 $own" "address eth0 $own6" 'address lo 127.0.0.1' 'address lo ::1' 'device 1 lo' "device $(index_of_eth0) eth0" \
        'sysfs eth0' 'sysfs lo'
}

@test "its services, its root and its users are told its own addresses, on the device and the number that they have on the host" {
    make_server
    wait_until console_has small 'sysfs lo'
    [ "$(vserver small logs | grep -oE '\b(address|device|sysfs) .*')" = "$(own_view)" ]
    [ "$(asked shown)" = "$(own_view)" ]
    [ "$(asked shown web)" = "$(own_view)" ]
    audit_now small
    vserver small stop
    audit_now
    [ -z "$(view_pids)" ]
}

@test "ip and hostname show no other address" {
    make_server
    [ "$(inside -- /usr/bin/hostname -I)" = "$own $own6 " ]
    [ "$(inside -- /usr/bin/ip -o address show dev eth0 | grep -oE 'inet6? [^ ]+')" = $'inet 10.77.0.50/32\ninet6 fd77::50/128' ]
    [[ $(inside -- /usr/bin/ip -o link show dev eth0) == *"$(cat /sys/class/net/eth0/address)"* ]]
    [[ $(inside -- /usr/bin/ip route get 192.0.2.1) == *"via 10.77.0.1 dev eth0 src $own"* ]]
    [[ $(inside -- /usr/bin/ip route get 10.77.0.9) == *"10.77.0.9 dev eth0 src $own"* ]]
    [[ $(inside -- /usr/bin/ip -6 route get 2001:db8::1) == *"via fd77::1 dev eth0 "*"src $own6 "* ]]
    run ! grep -F 10.77.0.2 <(inside -- /usr/bin/ip address; inside -- /usr/bin/ip route show table all; inside -- /usr/bin/ip neighbour)
}

@test "Node shows no other address" {
    require_feature program node
    make_server
    [ "$(inside -- /usr/bin/node -p 'Object.values(os.networkInterfaces()).flat().filter(i => !i.internal).map(i => i.address).join()')" = "$own,$own6" ]
}

@test "what it does is on the host's stack: it listens, is reached and sees its own sockets" {
    make_server
    inside -- sh -c 'echo hello >/tmp/index.html'
    inside -- /bin/busybox httpd -p 8080 -h /tmp
    [ "$(on_wire curl --silent --max-time 5 http://$own:8080/)" = hello ]
    [[ $(inside -- /usr/bin/ss -Hltn) == *"$own"*:8080* ]]
}

@test "with view = \"host\" nothing stands between, and it sees what the host has" {
    make_server 'view = "host"'
    [[ $(inside -- /usr/bin/hostname -I) == *10.77.0.2* ]]
    [ -z "$(view_pids)" ]
    audit_now small
}

@test "a command in the stopped server sees the same" {
    make_server
    vserver small stop
    [ "$(asked shown)" = "$(own_view)" ]
    audit_now
}

@test "nothing that it is given can be turned against the view or the host" {
    make_server
    local user
    for user in root web; do
        run asked attempts $user
        echo "$output"
        (( status == 0 && $(grep -c ': ' <<<"$output") >= 24 ))
        run ! grep -E 'ESCAPED|BROKEN' <<<"$output"
    done
    [[ $(ip -o link show eth0) == *'state UP'* ]]
}

@test "a network namespace that it makes for itself is seen as it is" {
    make_server
    [[ $(inside -- unshare -n /usr/bin/ip -o link) == *lo:* ]]
    run ! grep eth0 <(inside -- unshare -n /usr/bin/ip -o link)
    inside -u web -- /usr/bin/unshare -Urn sh -c '/usr/bin/ip link set lo up && /usr/bin/ip link add mine type veth && ping -c 1 127.0.0.1' >&2
}

@test "the view is not to be found inside, and has no right, no file and no way to one" {
    make_server
    local pid
    run ! grep netview <(inside -- ps)
    for pid in $(view_pids); do
        [ "$(grep -E '^(Uid|Gid|Groups):' /proc/$pid/status | grep -oE '[0-9]+' | sort -u)" = 1878982658 ]
        [ "$(awk '/^Cap/ { print $2 }' /proc/$pid/status | sort -u)" = 0000000000000000 ]
        [ "$(awk '/^(NoNewPrivs|Seccomp):/ { print $2 }' /proc/$pid/status | tr -d '\n')" = 12 ]
        run ! grep -vE '^(/dev/null|socket:.*|/|anon_inode:(seccomp notify|\[pidfd\])|pidfd:.*|net:.*)$' <(readlink /proc/$pid/fd/*)
    done
}

@test "many who ask at once are all answered, interrupted or not" {
    make_server
    [ "$(asked 'storm 16 200')" = 'failed 0 []' ]
}

@test "whichever of the two is killed, nobody notices: who is inside and who comes in go on" {
    make_server
    local before pid storm round
    two_views
    asked 'storm 4 1500' >"$BATS_TEST_TMPDIR/storm" 3>&- &
    storm=$!
    for round in 1 2 3 4 5 6; do
        before=$(view_pids)
        kill -KILL "$(sed -n $(( round % 2 + 1 ))p <<<"$before")"
        wait_until other_views "$before"
        [ "$(asked shown)" = "$(own_view)" ]
    done
    wait $storm
    [ "$(<"$BATS_TEST_TMPDIR/storm")" = 'failed 0 []' ]
    audit_now small
}

@test "where both are killed nobody is shown the host's network: calls wait, and the next command starts them again" {
    local service
    make_server 'uplink = "eth0"'
    vserver small stop
    add_service small later /usr/bin/python3 /root/network_view.py later
    vserver small start
    wait_until console_has small ready
    service=$(pgrep -f 'network_view.py later$')
    kill -KILL $(view_pids)
    wait_until eval '[[ -z $(view_pids) ]]'
    kill -USR1 "$service"
    wait_until grep -q '^41 ' "/proc/$service/syscall"    # socket
    run ! console_has small 'later address'
    vserver small status >&2
    wait_until console_has small 'later sysfs lo'
    two_views
    [ "$(vserver small logs | grep -oE 'later .*' | sed 's/later //')" = "$(own_view)" ]
    [ "$(asked shown)" = "$(own_view)" ]
    audit_now small
}
