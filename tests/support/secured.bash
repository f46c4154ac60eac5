# shellcheck shell=bash
# For tests of a machine whose main environment is out of reach: `load ../support/secured` after common and servers. The cable of the test host
# stands for its network card. A teardown of the file's own begins with `end_secured`.

setup_file() {
    build_small
    begin_suite
}

setup() { servers=(); helpers=(); }

end_secured() {
    local helper
    for helper in "${helpers[@]}"; do kill "$helper" 2>/dev/null || true; done
    vserver secure-host undo >/dev/null 2>&1 || true
    remove_servers
    rm -f /var/lib/vservers/guard/{proof,secure-host*}
}

# As the test host has it: the kernel makes a link-local address of its own otherwise.
give_back_eth0() {
    ip link set eth0 down
    ip link set eth0 addrgenmode none
    ip -batch - <<-'END'
	address flush dev eth0
	address add 10.77.0.2/24 dev eth0
	address add fd77::2/64 dev eth0 nodad
	address add fe80::2/64 dev eth0 nodad
	link set eth0 up
	route add default via 10.77.0.1
	route add default via fd77::1
	END
}

# Start a process that lives until the test's end.
in_background() {
    "$@" </dev/null >/dev/null 2>&1 3>&- &
    helpers+=($!)
}

weaknesses() { vserver secure-host prove --json | jq -r '.weaknesses[] | .subject + ": " + .detail' || true; }
verdict() { vserver secure-host prove --json | jq -r .verdict || true; }
serves() { on_wire curl -s -o /dev/null --max-time 2 "http://$1/" || (( $? == 22 )); }
listens() { ss -Hltn "sport = :$1" | grep -q .; }

# Looks at every port: none_open WHERE OPTION-OF-NMAP... Silence is "filtered" to nmap, for UDP "open|filtered".
none_open() {
    run "$1" nmap -n -Pn -p- --min-rate 20000 --max-retries 0 -oG - "${@:2}"
    [[ $output == *'# Nmap done'*' 1 IP address (1 host up)'* && $output != *'/open/'* ]] || { echo "$output"; return 1; }
}
