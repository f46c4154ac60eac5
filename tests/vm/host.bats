#!/usr/bin/env bats
# The installed programs on a host as administrators have it: systemd, pure cgroup2, the unit vservers.service. What the other
# suites see from inside a test host is not repeated. It works on the machine itself, so only tests/vm runs it (run-suite
# --here): with the programs installed below /usr/local, and the tests beside.

load ../support/common
load ../support/servers

readonly unit=vservers.service group=/sys/fs/cgroup/system.slice/vservers.service

setup_file() {
    [[ $(command -v vserver) == /usr/local/sbin/vserver && -d /run/systemd/system && -e /var/cache/guest.tar ]]
    [[ $(stat -fc %T /sys/fs/cgroup) == cgroup2fs ]]
    make_wire
    systemctl daemon-reload
    build_small
}

teardown() {
    sysctl -q -w kernel.unprivileged_userns_clone=1
    remove_servers
}

# ---- helpers -----------------------------------------------------------------------------------------------------

# The machine's network card leads nowhere here: in its place comes a cable to a namespace that plays the outside.
make_wire() {
    ip link set eth0 name card
    ip netns add outside
    ip link add eth0 type veth peer name eth0 netns outside
    ip address add 10.77.0.2/24 dev eth0
    ip link set eth0 up
    ip -n outside address add 10.77.0.1/24 dev eth0
    ip -n outside link set eth0 up
    ip route add default via 10.77.0.1
}

# The small server NAME, which only waits; further arguments are options of build.
new_waiter() {
    new_small "$@"
    add_service "$1" waiter /bin/sleep 1000000
}

group_of() { sed -n 's/^0:://p' "/proc/$1/cgroup"; }
of_group() { cat "$group/$1/$2"; }                                   # of_group SERVER FILE
event() { sed -n "s/^$3 //p" "$group/$1/$2"; }                       # event SERVER FILE NAME

# Has the server the same init and a keeper, and does it answer?
unharmed() {
    is_running "$1"
    [ "$(state_of "$1" init)" = "$2" ]
    [ "$(vserver "$1" exec -- hostname)" = "$1" ]
    pid_of keeper "$1"
    [[ $(group_of "$2") == "/system.slice/$unit/$1/guest"* ]]
}

# ---- the unit ----------------------------------------------------------------------------------------------------

# bats test_tags=stock
@test "the first start brings up the unit; servers and keepers are its own and survive the caller's session" {
    run -3 systemctl is-active $unit
    new_waiter small --address 10.77.0.50
    systemd-run --quiet --scope --unit=session vserver small start
    systemctl is-active $unit
    init=$(state_of small init)
    unharmed small "$init"
    for program in keeper recorder; do
        wait_until pid_of $program small
        [ "$(group_of "$(pid_of $program small)")" = "/system.slice/$unit/.keepers" ]
    done
    [ "$(systemctl show -P Delegate $unit)" = yes ]
    vserver small stop
    [ ! -e $group/small ]
}

# bats test_tags=stock
@test "no command to systemd about the unit stops a server, as an upgrade of a package would give it" {
    new_waiter small --address 10.77.0.50
    vserver small start
    init=$(state_of small init)
    groups=$(find $group -type d)
    for command in "reload $unit" "restart $unit" "try-restart $unit" "stop $unit" daemon-reload daemon-reexec "try-reload-or-restart $unit"; do
        systemctl $command || [[ $command == *" $unit" ]]
        systemctl is-active $unit
    done
    unharmed small "$init"
    [ -z "$(comm -23 <(sort <<<"$groups") <(find $group -type d | sort))" ]
    vserver small stop
    [ ! -e $group/small ]
}

# bats test_tags=stock
@test "what the unit conflicts with, as with a shutdown, stops every server gently, and the next start brings it up again" {
    new_waiter small --address 10.77.0.50
    new_waiter other --address 10.77.0.51
    vserver start small other
    systemctl show -P Conflicts $unit | grep -w shutdown.target
    systemd-run --quiet --wait --property=Conflicts=$unit --property=After=$unit true
    run -3 systemctl is-active $unit
    for server in small other; do
        is_stopped $server
        vserver $server status | grep 'last end *stopped'
    done
    run ! pgrep 'vserver-(keeper|recorder)'
    vserver small start
    systemctl is-active $unit
    unharmed small "$(state_of small init)"
}

@test "an upgrade replaces every program while servers run, and its commands know them" {
    new_waiter small --address 10.77.0.50
    vserver small start
    init=$(state_of small init)
    for file in /usr/local/sbin/vserver* /usr/local/libexec/vserver/*; do
        cp -a "$file" "$file.new"
        mv "$file.new" "$file"
    done
    systemctl daemon-reload
    unharmed small "$init"
    kill_program keeper small
    wait_until gone keeper small
    vserver small exec -- true
    wait_until unharmed small "$init"
    run_vserver small stop
    echo "$output"
    [ "$output" = 'small: stopped' ]
}

# ---- limits ------------------------------------------------------------------------------------------------------

# bats test_tags=stock
@test "limits are the kernel's own, on the server's group and out of its reach; whoever takes more is stopped in his own server" {
    new_waiter small --address 10.77.0.50
    set_in small limits 'memory = "32M"' 'processes = 40' 'cpu_weight = 333' 'cpu_cap = "50%"'
    vserver small start
    [ "$(of_group small memory.max)" = $(( 32 << 20 )) ]
    [ "$(of_group small pids.max)" = 40 ]
    [ "$(of_group small cpu.weight)" = 333 ]
    [ "$(of_group small cpu.max)" = '50000 100000' ]
    [ -z "$(vserver small exec -- find /sys -name memory.max -path '*/small/*')" ]
    [ "$(stat -c %u $group/small/pids.max)" = 0 ]
    run ! vserver small exec -- sh -c 'x=0123456789abcdef; while :; do x=$x$x; done'
    (( $(event small memory.events oom_kill) > 0 ))
    (( $(of_group small memory.current) <= 32 << 20 ))
    run_vserver small exec -- sh -c 'for i in $(seq 60); do sleep 1000 >/dev/null 2>&1 & done' 3>&-
    [[ $stderr == *"can't fork: Resource temporarily unavailable"* ]]
    (( $(of_group small pids.current) <= 40 ))
    run -0 vserver small stop --kill
}

# bats test_tags=stock
@test "of two busy servers on one processor the heavier gets more, by its weight, and the capped is held back" {
    local server light heavy
    for server in light heavy; do
        new_small $server --network none
        add_service $server busy /bin/taskset 1 /bin/sh -c 'while :; do :; done'
    done
    set_in light limits 'cpu_weight = 100'
    set_in heavy limits 'cpu_weight = 900' 'cpu_cap = "80%"'
    vserver start light heavy
    used() { event "$1" cpu.stat usage_usec; }
    light=$(used light) heavy=$(used heavy)
    ran() { (( $(used light) + $(used heavy) > light + heavy + 2000000 )); }
    wait_until ran
    echo "light $(( $(used light) - light )), heavy $(( $(used heavy) - heavy ))"
    (( $(used heavy) - heavy > 2 * ($(used light) - light) ))
    throttled() { (( $(event heavy cpu.stat nr_throttled) > 0 )); }
    wait_until throttled
}

# ---- watched -----------------------------------------------------------------------------------------------------

# bats test_tags=stock
@test "the watch does its work as a service, confined as its unit says, and is started again when it is killed" {
    local pid
    new_waiter small --network none
    vserver small start
    vserver small accept
    systemctl start vserver-guard
    wait_until vserver guard status
    vserver small exec -- sh -c 'echo x >/etc/changed'
    alerted() { vserver guard status --json | jq -e --arg text "$1" '[.alerts[] | select(.sentence | contains($text))] | length > 0'; }
    wait_until alerted 'added /etc/changed'
    vserver small exec -- sh -c 'cp /bin/busybox /tmp/sleep; /tmp/sleep 1000 >/dev/null 2>&1 &' </dev/null
    wait_until alerted "runs '/tmp/sleep'"
    pid=$(systemctl show -P MainPID vserver-guard)
    [ "$(sed -n 's/^CapBnd:[[:space:]]*//p' "/proc/$pid/status")" = 00000000002c01ef ]
    [ "$(sed -n 's/^Seccomp:[[:space:]]*//p' "/proc/$pid/status")" = 2 ]
    wait_until eval 'vserver small logs --json | grep -q "guard: file: added /etc/changed"'
    kill -KILL "$pid"
    started_again() { local now; now=$(systemctl show -P MainPID vserver-guard); (( now != 0 && now != pid )) && vserver guard status; }
    wait_until started_again
    vserver small exec -- sh -c 'echo x >/etc/again'
    wait_until alerted 'added /etc/again'
    vserver small stop --kill    # a stopped server's log is written, too
    printf x >/var/lib/vservers/servers/small/upper/etc/stopped
    wait_until alerted 'added /etc/stopped'
    wait_until eval 'vserver small logs --json | grep -q "guard: file: added /etc/stopped"'
    systemctl stop vserver-guard
}

# ---- ordinary users ----------------------------------------------------------------------------------------------

# bats test_tags=stock
@test "an ordinary user locks himself by the service as systemd runs it, and what root did not grant is refused" {
    ip address add 10.77.0.21/24 dev eth0
    (umask 022; printf '[user.65534]\naddresses = ["10.77.0.21"]\n' >/etc/vservers/grants.toml)
    systemctl start vserver-lock.socket
    mine() { setpriv --reuid 65534 --regid 65534 --clear-groups chbind --silent "$@"; }
    run -0 mine --ip 10.77.0.21 /usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("", 0)); print(s.getsockname()[0], open("/proc/self/cgroup").read())'
    [[ $output == "10.77.0.21 0::/system.slice/$unit/.contexts/user-65534/"* ]]
    [[ $(mine --ip 10.77.0.21 --own-loopback chbind --silent --ip 10.77.0.21 cat /proc/self/cgroup) == 0::*/user-65534/*/* ]]
    run -125 mine --ip 10.77.0.21 chbind --silent --ip 10.77.0.2 echo EXECUTED
    [[ $output == *'a lock inside another can only narrow it'* ]]
    run -125 mine --ip 10.77.0.2 echo EXECUTED
    [[ $output == *'10.77.0.2 is not granted to'* ]]
    none_serves() { [[ -z $(systemctl list-units --no-legend 'vserver-lock@*') ]]; }
    wait_until none_serves
    systemctl stop vserver-lock.socket
    rm /etc/vservers/grants.toml
    ip address delete 10.77.0.21/24 dev eth0
}

# ---- hiding ------------------------------------------------------------------------------------------------------

readonly seen=/run/onlooker/seen

# A daemon that runs as an ordinary user and says what it sees of process 1 and of a server's.
start_onlooker() {
    cat >/etc/systemd/system/onlooker.service <<-'END'
	[Service]
	User=nobody
	RuntimeDirectory=onlooker
	ExecStart=/bin/bash -c 'while :; do s=; for p in /proc/[0-9]*; do read -r n 2>/dev/null <"$p/comm" && s+=" $n"; done; echo "$s " >/run/onlooker/new; mv /run/onlooker/new /run/onlooker/seen; sleep 0.1; done'
	END
    systemctl daemon-reload
    systemctl start onlooker
}

sees() { [[ " $(<$seen)" == *" $1 "* ]]; }
looks_anew() { rm -f $seen; wait_until test -e $seen; }
of_host() { grep ' /proc ' /proc/1/mountinfo; find /etc/systemd/system | sort; }

# bats test_tags=stock
@test "hidden, servers' processes are in nobody's ps but in vps; a daemon without rights goes on seeing the machine; undone, all is as before" {
    new_waiter small --network none
    vserver small start
    init=$(state_of small init)
    start_onlooker
    before=$(of_host)
    looks_anew
    sees systemd && sees vserver-init
    run_vserver shield hide on
    [ "$status" -eq 1 ]
    [[ $stderr == *"the shield is off"*"'vserver shield on' first"* ]]

    vserver shield on
    run -0 vserver shield hide on --dry-run
    [[ $output == *'onlooker.service gets a /proc of its own'* ]]
    [ "$before" = "$(of_host)" ]
    run_vserver shield hide on
    echo "$output"
    [ "$status" -eq 7 ]
    [[ $output == *'onlooker.service runs without one'* && $(of_host) != *hidepid=ptraceable* ]]
    run -3 vserver shield hide status
    systemctl restart onlooker
    run_vserver shield hide on          # there is the bus yet, which nobody restarts on a machine that runs
    [ "$status" -eq 7 ]
    [[ $output != *onlooker* && $output == *'dbus.service runs without one'* ]]
    vserver shield hide on --yes

    [[ -z $(ps -p "$init" -o pid=) && ! -e /proc/$init && $(ps -p 1 -o comm=) == systemd && $(pgrep -x bash) ]]
    looks_anew
    sees systemd
    systemd-run --quiet --wait --property=User=nobody sh -c '! test -e /proc/1'     # without the drop-in it would be blind
    [[ $(vps ax | awk -v p="$init" '$3 == p { print $2 }') == small && $(vpstree) == *'small'* ]]
    vps --json | jq -e ".processes[] | select(.pid == $init) | .name == \"small\""
    [ "$(vserver-stat --json | jq -r '.servers[].name')" = small ]
    vkill --signal CONT "$init"
    vserver small exec -- true
    vserver small restart
    init=$(state_of small init)
    [ ! -e "/proc/$init" ]
    vserver shield status --json | jq -e '.hidden and .shield'
    vserver shield hide status --json | jq -e '.hidden and (.services | index("onlooker.service")) and .waiting == ["dbus.service"]'

    vserver shield hide off
    [ "$before" = "$(of_host)" ]
    [[ -e /proc/$init && $(vserver shield hide off) == 'nothing is hidden' ]]
    systemctl restart onlooker
    looks_anew
    sees systemd
    vserver shield off
    systemctl start vserver-hide.service        # as a boot does
    vserver shield hide status
    vserver shield off
    [ "$before" = "$(of_host)" ]
    systemctl stop onlooker vserver-hide vserver-shield
    rm /etc/systemd/system/onlooker.service
}

# ---- a whole system inside ---------------------------------------------------------------------------------------

# bats test_tags=stock
@test "a server with systemd runs under the host's systemd: it owns its groups and sees no other" {
    build_host ''
    new_host debian --address 10.77.0.60
    vserver debian start
    wait_for_boot debian
    [ "$(vserver debian exec -- cat /proc/1/cgroup)" = 0::/init.scope ]
    vserver debian exec -- systemd-run --quiet --unit=limited --property=TasksMax=5 --property=MemoryMax=64M sleep 1000
    [ "$(of_group debian/guest/system.slice/limited.service pids.max)" = 5 ]
    [ "$(of_group debian/guest/system.slice/limited.service memory.max)" = $(( 64 << 20 )) ]
    run -0 vserver debian stop
    [ "$output" = 'debian: stopped' ]
    systemctl is-system-running
}

# bats test_tags=stock
@test "where root alone makes user namespaces a start is refused with both ways out, doctor names it, and one without that bound starts" {
    new_waiter waiter --network none
    set_in waiter limits 'network_namespaces = 9'
    sysctl -q -w kernel.unprivileged_userns_clone=0
    run_vserver waiter start
    echo "$stderr"
    [ "$status" -eq 6 ]
    [[ $stderr == *'kernel.unprivileged_userns_clone = 0'*'set that to 1, or limits.network_namespaces = 0'* ]]
    run_vserver doctor
    [[ $output == *'sysctl -w kernel.unprivileged_userns_clone=1'* ]]
    sed -i '/^network_namespaces/d' /etc/vservers/waiter.toml
    vserver waiter start
    vserver waiter exec -- true
}

@test "this machine lacks nothing" {
    run vserver doctor
    echo "$output"
    [ "$status" -eq 0 ]
}
