# shellcheck shell=bash
# The steps of boot.bats, for tests/vm/reboot: what runs in the machine, and what outside. The machine is 10.77.0.2, the outside 10.77.0.1.

readonly card=52:54:00:12:34:56    # as qemu makes the first

wait_until() {
    local deadline=$(( SECONDS + 120 ))
    until "$@" >/dev/null 2>&1; do
        (( SECONDS < deadline )) || { echo "never: $*"; return 1; }
        sleep 0.1
    done
}

# ---- in the machine ----------------------------------------------------------------------------------------------

# What sets the card up at each boot, as Debian's networking.service does; its addresses end in NUMBER. Who waits until the machine is online, as
# systemd-networkd-wait-online.service does, and who listens. The link-local address is not the one that the kernel would make, which a
# server has that gets the card.
configure() {
    cat >/usr/local/sbin/set-up-network <<-END
	#!/bin/sh
	ip link set eth0 addrgenmode none
	ip -batch - <<-'ADDRESSES'
		address add 10.77.0.$1/24 dev eth0
		address add fd77::$1/64 dev eth0 nodad
		address add fe80::$1/64 dev eth0 nodad
		link set eth0 up
		route add default via 10.77.0.1 proto static metric 50
		route add default via fd77::1
	ADDRESSES
	END
    chmod 755 /usr/local/sbin/set-up-network
    cat >/etc/systemd/system/networking.service <<-'END'
	[Unit]
	DefaultDependencies=no
	Wants=network.target
	After=local-fs.target network-pre.target systemd-udev-trigger.service
	Before=network.target shutdown.target network-online.target
	[Service]
	Type=oneshot
	RemainAfterExit=yes
	ExecStart=-/usr/bin/udevadm settle
	ExecStart=-/usr/local/sbin/set-up-network
	[Install]
	WantedBy=multi-user.target
	END
    cat >/etc/systemd/system/online.service <<-'END'
	[Unit]
	DefaultDependencies=no
	After=networking.service
	Before=network-online.target shutdown.target
	Conflicts=shutdown.target
	[Service]
	Type=oneshot
	RemainAfterExit=yes
	ExecStart=-/usr/bin/timeout 120 sh -c 'until ip route show default | grep -q .; do sleep 0.2; done'
	[Install]
	WantedBy=network-online.target
	END
    cat >/etc/systemd/system/listener.service <<-'END'
	[Service]
	ExecStart=/usr/bin/nc -lk 0.0.0.0 7777
	[Install]
	WantedBy=multi-user.target
	END
    systemctl daemon-reload
    systemctl enable networking online listener
}

# NAME, then options of build: a server that has a page.
new_worker() {
    local tree
    tree=$(mktemp -d)
    mkdir -p "$tree"/{bin,dev,etc,proc,root,run,sys,tmp,usr/sbin,var}
    cp /bin/busybox "$tree/bin/httpd"
    echo root:x:0:0:root:/root:/bin/sh >"$tree/etc/passwd"
    echo root:x:0: >"$tree/etc/group"
    tar -C "$tree" -cf "$tree.tar" .
    vserver "$1" build --from "$tree.tar" "${@:2}"
    printf '\n[[service]]\nname = "web"\ncommand = ["/bin/httpd", "-f", "-p", "80"]\n' >>"/etc/vservers/$1.toml"
}

# Some commands have to fail, and `set -e` does not look at a negated one.
fails() { if "$@"; then echo "succeeded: $*"; return 1; fi; }

of_network() {
    ip -o address show scope global | sed 's/^[0-9]*: //'
    ip -d route
    ip -6 -d route | grep -v '^fe80\|^multicast'
    ls /sys/class/net /etc/systemd/system/*.wants
    nft list tables
    cat /etc/vservers/web1.toml
}

only_loopback() { [[ $(ls /sys/class/net) == lo ]]; }
is_parked() { nsenter --net=/run/vservers/.parked ip link show eth0; }
started() { systemctl show -P ActiveEnterTimestampMonotonic "$1"; }

rules_came_first() {
    local rules
    rules=$(started vserver-secure-host.service)
    (( rules > 0 && rules <= $(started network-pre.target) && rules <= $(started networking.service) && rules <= $(started sysinit.target) ))
}

# A listener on every address is one that the rules alone keep in.
proves_it_without_listener() {
    fails vserver secure-host prove
    systemctl stop listener
    vserver secure-host prove
}

give_card_away() {
    configure 2
    systemctl start networking listener
    new_worker web1 --network none
    of_network >/root/before
    vserver secure-host apply web1 --console
    only_loopback
    systemctl is-enabled vserver-secure-host.service vserver-secure-host-resume.service
    configure 3      # whoever answers for this one is not the server
}

booted_with_server() {
    rules_came_first
    wait_until only_loopback
    wait_until vserver web1 running
    proves_it_without_listener
}

# The kernel gives hardware back to the machine when the network that has it dies; udev tells, and the unit takes it out. Meanwhile somebody
# sets it up.
card_comes_back() {
    local holder hotplug
    unshare --net sleep 1000 &
    holder=$!
    wait_until bash -c "[[ \$(readlink /proc/$holder/ns/net) != \$(readlink /proc/self/ns/net) ]]"
    (set +x; while :; do /usr/local/sbin/set-up-network >/dev/null 2>&1 || true; done) &
    hotplug=$!
    nsenter --net=/run/vservers/web1/network ip link set eth0 netns "$holder"
    kill "$holder"
    wait_until is_parked
    kill "$hotplug"
    only_loopback
    vserver secure-host prove | grep 'eth0: parked'
    vserver web1 restart
    vserver secure-host prove | grep "eth0: in 'web1'"
}

undo() {
    vserver secure-host undo
    fails systemctl is-enabled vserver-secure-host.service
    diff /root/before <(of_network)
    systemctl start listener
}

go_behind_rules() {
    configure 2
    systemctl start networking listener
    new_worker web1 --address 10.77.0.50 --address fd77::50
    vserver web1 start
    of_network >/root/before
    vserver secure-host apply --behind-rules --console
}

booted_behind_rules() {
    rules_came_first
    ip -o address show dev eth0 | grep -w 10.77.0.2
    vserver web1 start
    proves_it_without_listener
}

# ---- outside -----------------------------------------------------------------------------------------------------

configure_outside() {
    ip link set eth0 addrgenmode none
    ip -batch - <<-'END'
	address add 10.77.0.1/24 dev eth0
	address add fd77::1/64 dev eth0 nodad
	address add fe80::1/64 dev eth0 nodad
	END
}

page() { wait_until curl -s -o /dev/null --max-time 5 "http://$1/"; }
page_of_the_card() { page 10.77.0.2; page '[fd77::2]'; }
page_of_the_server() { page 10.77.0.50; page '[fd77::50]'; }

# Asks for what ends in NUMBER; the further arguments are a server's addresses.
knock() { tests/support/knock eth0 "$card" 10.77.0.1,fd77::1,fe80::1 "10.77.0.$1,fd77::$1,fe80::$1" 7777 "${@:2}"; }
main_environment_is_silent() { knock 3 10.77.0.2 fd77::2 fe80::5054:ff:fe12:3456; }
machine_is_silent() { knock 2 10.77.0.50 fd77::50; }

machine_answers() {
    local said
    said=$(fails knock 2)
    grep 'ARP reply for 10.77.0.2' <<<"$said"
    grep 'IPv4 from 10.77.0.2: protocol 6' <<<"$said"
    grep 'IPv6 from fd77::2' <<<"$said"
}
