# The test host, the audit and the canary, tested themselves. Runs on the real machine, outside a test host, as root:
# bats tests/support/selftest.bats

bats_require_minimum_version 1.5.0

setup() { support=$BATS_TEST_DIRNAME; }

testhost() { "$support/testhost" "$@"; }

# Run a script inside a test host.
inside() { run testhost run -- bash -c "$1"; }

has_line() { grep -qE -- "$1" <<<"$output" || { echo "no line: $1"; echo "$output"; return 1; }; }

# What a test host of this owner has left on the real machine.
remains_of() { find /sys/fs/cgroup "${VSERVER_SCRATCH:-/var/tmp}" -maxdepth 3 -name "vserver-testhost-*.$1.*" 2>/dev/null; }

soon() {
    local try
    for (( try = 0; try < 500; try++ )); do "$@" && return; sleep 0.02; done
    echo "never: $*"
    return 1
}

gone() { [[ -z $(remains_of "$1") ]]; }

# Start a test host in the background: $owner is its script, $init its PID 1. Bats would wait for who holds descriptor 3.
start() {
    "$support/testhost" run -- "$@" 3>&- &
    owner=$!
    soon init_of "$owner"
    init=$(init_of "$owner")
}

init_of() { pgrep -f -- "--machine vserver-testhost-[0-9]*.$1\."; }

dead() { [[ ! -d /proc/$1 ]] || grep -q '^State:.Z' "/proc/$1/status"; }

teardown() { [[ -z ${owner:-} ]] || kill -TERM "$owner" 2>/dev/null || true; }

# ------------------------------------------------------------------------------------------------- the test host

@test "the exit code is the command's, a signal's too" {
    run testhost run -- true
    [ "$status" -eq 0 ]
    run testhost run -- bash -c 'exit 7'
    [ "$status" -eq 7 ]
    run testhost run -- bash -c 'kill -KILL $$'
    [ "$status" -eq 137 ]
    run -127 testhost run -- /nonexistent
}

@test "input, output and errors are the caller's, without a terminal" {
    run --separate-stderr testhost run -- sh -c 'cat; echo error >&2' <<<input
    [ "$output" = input ]
    [ "$stderr" = error ]
}

@test "a usage error says how" {
    run testhost run true
    [ "$status" -eq 125 ]
    [[ $output == *usage* ]]
}

@test "it is alone in its namespaces, and its init reaps" {
    inside '(sleep 0.01 & sleep 0.01 &); while pgrep -x sleep >/dev/null; do :; done
            ps -e -o pid=,stat=; hostname'
    has_line '^ +1 S'
    ! grep -q Z <<<"$output" || false
    [ "$(grep -cE '^ +[0-9]+ ' <<<"$output")" -le 4 ]
    has_line '^testhost$'
}

@test "the machine's files and sysctls cannot be changed" {
    inside 'for path in / /etc /usr /var /var/lib /dev /sys /root; do touch "$path/x" 2>/dev/null && echo "wrote $path"; done
            echo 0 2>/dev/null >/proc/sys/kernel/panic && echo "wrote panic"
            for path in /dev/*; do case $path in /dev/loop*|/dev/*ram*) ;; *) [ ! -b $path ] || echo "disk $path" ;; esac; done
            true'
    echo "$output"
    [ "$status" -eq 0 ]
    [ -z "$output" ]
}

@test "its own directories can be written, and an overlay can live in /var/lib/vservers" {
    inside 'set -e
            touch /run/x /tmp/x /var/tmp/x /etc/vservers/x /var/lib/vservers/x
            cd /var/lib/vservers; mkdir lower upper work root
            mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work overlay root
            setfattr -n trusted.x -v y root 2>/dev/null || python3 -c "import os; os.setxattr(\"root\", \"trusted.x\", b\"y\")"'
    [ "$status" -eq 0 ]
}

@test "eth0 reaches the wire and the wire reaches eth0" {
    inside 'set -e
            ping -c1 -q 10.77.0.1; ping -c1 -q fd77::1
            wire ping -c1 -q 10.77.0.2; wire ping -c1 -q fd77::2
            cat /proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv4/ip_forward'
    [ "$status" -eq 0 ]
    has_line '^0$'
}

@test "cgroups: an own root with limits that work" {
    inside 'for root in /sys/fs/cgroup/pids /sys/fs/cgroup; do [ -e $root/cgroup.procs ] && break; done
            find /sys/fs/cgroup -name "vserver-testhost*"
            mkdir $root/x && echo 1 >$root/x/pids.max && exec sh -c "echo 0 >$root/x/cgroup.procs; (true)"'
    has_line 'Cannot fork'
    ! grep -q vserver-testhost <<<"$output" || false
}

@test "an ordinary user can make user namespaces with /proc and /sys of their own" {
    inside "setpriv --reuid 1000 --regid 1000 --clear-groups unshare -Urmpfn \
            sh -c 'mount -t proc proc /proc && mount -t sysfs sysfs /sys && id -u'"
    [ "$output" = 0 ]
}

@test "the real machine is the same after a run" {
    look() {
        cat /proc/self/mountinfo; ip address | grep -v _lft; ip route; ip -6 route; nft list ruleset; ipcs; hostname
        sysctl -a --pattern forward; cat /sys/fs/cgroup/{,*/}cgroup.subtree_control
        ls -A /etc/vservers /var/lib/vservers /run/vservers
    }
    run look
    before=$output
    inside 'mount -t tmpfs x /mnt; mount --make-rshared /; mount -t tmpfs y /media; ip link add v0 type veth peer name v1
            nft add table inet x; sysctl -w net.ipv4.ip_forward=1; hostname x; touch /etc/vservers/x /run/x
            ip netns add y; for c in /sys/fs/cgroup /sys/fs/cgroup/*; do mkdir $c/x; done; ipcmk -Q'
    run look
    diff <(echo "$before") <(echo "$output")
}

@test "nothing is left after the command, or the whole of it, was killed" {
    start sleep 1000
    soon pkill -KILL -P "$init" sleep
    wait "$owner" || true
    gone "$owner"
    dead "$init"
}

@test "SIGTERM takes it down" {
    start sleep 1000
    kill -TERM "$owner"
    status=0
    wait "$owner" || status=$?
    [ "$status" -eq 143 ]
    gone "$owner"
    dead "$init"
}

@test "SIGKILL of the script ends it, and the next run sweeps the rest" {
    start sh -c 'setsid sleep 1000 & sleep 1000'
    kill -KILL "$owner"
    soon dead "$init"
    [[ $(remains_of "$owner") ]]
    testhost run -- true
    gone "$owner"
}

@test "a run does not sweep another that lives" {
    start sleep 1000
    testhost run -- true
    [[ $(remains_of "$owner") && $(init_of "$owner") ]]
    unshare --pid --fork --mount-proc "$support/testhost" run -- true    # where pids are others, and the control groups are not
    [[ $(remains_of "$owner") && $(init_of "$owner") ]]
}

# ------------------------------------------------------------------------------------------------------ the audit

@test "audit: a machine that was left alone is clean, and so is one whose namespace is still dying" {
    inside 'audit snapshot /var/tmp/a
            unshare --net sh -c "ip link add v0 type veth peer name v1 netns 1" && audit compare /var/tmp/a'
    [ "$status" -eq 0 ]
    [ -z "$output" ]
}

@test "audit: names each thing that is left behind, and what was lost" {
    inside 'cd /var/tmp; audit snapshot a
        mount -t tmpfs leak /mnt
        mkdir $(find /sys/fs/cgroup -maxdepth 2 -name cgroup.procs -printf "%h/leak\n")
        ip link add leak0 type veth peer name leak1
        ip link add leak2 type veth peer name gone netns /run/testhost/wire
        ip address add 10.99.0.1/32 dev eth0
        ip route add 10.98.0.0/16 via 10.77.0.1
        ip neigh add proxy 10.97.0.1 dev eth0
        ip neigh add 10.77.0.9 lladdr 02:00:00:00:00:09 dev eth0 nud permanent
        nft -f - <<<"table inet leak { set s { type ipv4_addr; elements = { 10.96.0.1, 10.96.0.2 }; }
                     chain c { type filter hook input priority 0; tcp dport 1 drop; }; }"
        touch n; unshare --net=n true
        unshare --uts sleep 1000 &
        ipcmk -Q >/dev/null; ipcmk -M 4096 >/dev/null
        touch /tmp/leak /run/leak /etc/vservers/leak.toml /dev/shm/leak; mkdir -p /var/lib/vservers/servers/leak
        echo 1 >/proc/sys/net/ipv4/tcp_mtu_probing
        ip address del fd77::2/64 dev eth0
        truncate -s 1M image; losetup -f image
        audit compare a; echo "status $?"
        losetup -d $(losetup -j image -O NAME -n)'
    has_line '^left behind: mount /mnt tmpfs .* leak$'
    has_line '^left behind: cgroup /sys/fs/cgroup/.*leak$'
    has_line '^left behind: device leak0 down 1500 '
    has_line '^left behind: device leak2 '
    has_line '^left behind: address eth0 inet 10.99.0.1/32$'
    has_line '^left behind: route 10.98.0.0/16 via 10.77.0.1 dev eth0$'
    has_line '^left behind: neighbour 10.97.0.1 dev eth0 proxy$'
    has_line '^left behind: neighbour 10.77.0.9 dev eth0 .*PERMANENT$'
    has_line '^left behind: nft table inet leak$'
    has_line '^left behind: nft table inet leak / set s / element 10.96.0.2$'
    has_line '^left behind: nft table inet leak / chain c / tcp dport 1 drop$'
    has_line '^left behind: mount /var/tmp/n nsfs net:\['
    has_line '^left behind: namespace uts:.*, held by [0-9]+ \(sleep\)$'
    has_line '^left behind: process [0-9]+ .*sleep 1000$'
    has_line '^left behind: ipc msg '
    has_line '^left behind: ipc shm '
    has_line '^left behind: file /tmp/leak f$'
    has_line '^left behind: file /run/leak f$'
    has_line '^left behind: file /dev/shm/leak f$'
    has_line '^left behind: file /etc/vservers/leak.toml f$'
    has_line '^left behind: file /var/lib/vservers/servers/leak d$'
    has_line '^left behind: sysctl net/ipv4/tcp_mtu_probing:1$'
    has_line '^left behind: loop /dev/loop.* /var/tmp/image$'
    has_line '^lost: address eth0 inet6 fd77::2/64$'
    has_line '^status 1$'
}

@test "what a failing test has mounted below its directory is not removed with it" {
    inside 'mkdir /var/tmp/{kept,suite}; touch /var/tmp/kept/file; cd /var/tmp/suite
        printf "%s\n" "load '"$support"'/common" "@test x { mkdir \$BATS_TEST_TMPDIR/m; mount -n --bind /var/tmp/kept \$BATS_TEST_TMPDIR/m; }" >one.bats
        TMPDIR=/var/tmp bats --tap one.bats; ls /var/tmp/kept; rm -r /var/tmp/{kept,suite}'
    has_line '^not ok 1 x$'
    has_line 'left behind: mount .*/m '
    has_line '^file$'
}

# The things of a running server, made by hand from the real kernel's parts. Namespace ids come in batches for each
# processor, and a mount namespace can be pinned only where its id is above the pinner's: so try each processor.
readonly server='
    pin() { for ((cpu = 0; cpu < 4096; cpu++)); do taskset -c $cpu unshare --mount=/run/vservers/.void true && return; done 2>/dev/null; }
    v2=/sys/fs/cgroup; [ ! -d $v2/unified ] || v2=$v2/unified
    mkdir -p $v2/vservers/.keepers $v2/vservers/web1/guest
    [ ! -d /sys/fs/cgroup/memory ] || mkdir -p /sys/fs/cgroup/{memory,pids,cpu}/vservers/web1
    mkdir -p /run/vservers/web1 /var/lib/vservers/{servers,logs}/web1 /var/lib/vservers/images/abc/tree
    touch /run/vservers/web1/{lock,generation} /etc/vservers/web1.toml /var/lib/vservers/servers/web1/record.json
    printf "number 4\ngeneration 1\nnetwork {\"addresses\":[\"10.77.0.104\"],\"kind\":\"private\"}\n" >/run/vservers/web1/state
    mount --bind /run/vservers /run/vservers; touch /run/vservers/.void; pin
    mkdir -p /var/lib/vservers/{objects,trash,staging}
    (exec -a "vserver-keeper web1" sleep 1000) & keeper=$!
    (exec -a "vserver-recorder web1" sleep 1000) &
    (echo 0 >$v2/vservers/web1/guest/cgroup.procs; exec unshare --net --uts --ipc sleep 1000) & guest=$!
    until [ "$(readlink /proc/$guest/ns/ipc)" != "$(readlink /proc/self/ns/ipc)" ]; do sleep 0.01; done
    ip link add vs-104-1 type veth peer name eth0 netns $guest
    ip link set vs-104-1 addrgenmode none up
    ip route add 10.77.0.104/32 dev vs-104-1
    ip neigh add proxy 10.77.0.104 dev eth0
    nft -f - <<<"table inet vserver { set version { type mark; elements = { 1 }; }
        map ports4 { type inet_proto . inet_service : ipv4_addr . inet_service; elements = { tcp . 80 : 10.77.0.104 . 80 }; }
        chain to_host { type filter hook input priority 0; iifname \"vs-*\" drop; }; }"'

@test "audit: a running server has its set, and only with its name" {
    inside "cd /var/tmp; audit snapshot a; $server
            audit compare a --running web1; echo first \$?
            audit compare a; echo second \$?"
    has_line '^first 0$'
    has_line '^second 1$'
    has_line '^left behind: device vs-104-1 '
    has_line '^left behind: nft table inet vserver / map ports4 / element '
    has_line '^left behind: process .*vserver-keeper web1 '
    has_line '^left behind: file /run/vservers/web1/state f$'
    ! grep -E 'left behind: .*(keepers|\.void|chain|version|images|generation)' <<<"$output" || false
}

@test "audit: a running server that lacks a part, or has one twice, is named" {
    inside "cd /var/tmp; audit snapshot a; $server
            kill \$keeper; ip route del 10.77.0.104/32
            ip link add vs-104-2 type veth peer name eth1 netns \$guest
            nft 'add element inet vserver ports4 { tcp . 81 : 10.77.0.105 . 80 }'
            audit compare a --running web1; echo status \$?"
    has_line '^running web1: 0, not 1, of: process .*vserver-keeper'
    has_line '^running web1: 0, not 1, of: route 10.77.0.104 dev vs-104-1'
    has_line '^left behind: device vs-104-2 down '
    has_line '^left behind: nft .*element (tcp|6) . 81 : 10.77.0.105 . 80$'
    has_line '^status 1$'
}

# ----------------------------------------------------------------------------------------------------- the canary

@test "canary: quiet when nothing happened, also while the attacker's own server changes" {
    inside 'cd /var/tmp; v2=/sys/fs/cgroup; [ ! -d $v2/unified ] || v2=$v2/unified
            mkdir -p $v2/vservers/bad/guest; canary snapshot c --attacker bad
            (echo 0 >$v2/vservers/bad/guest/cgroup.procs; exec sleep 1000) & mkdir $v2/vservers/bad/guest/x
            canary compare c'
    echo "$output"
    [ "$status" -eq 0 ]
    [ -z "$output" ]
}

@test "canary: sees a file, a sysctl, a stopped victim, a mount, a rule and a limit" {
    inside 'cd /var/tmp; touch watched; sleep 1000 & canary snapshot c --watch /var/tmp/watched
            echo x >watched; echo 1 >/proc/sys/net/ipv4/ip_forward; kill -STOP %1; mount -t tmpfs x /mnt
            nft add table inet x; for c in /sys/fs/cgroup /sys/fs/cgroup/*; do mkdir -p $c/x; done 2>/dev/null
            for f in $(find /sys/fs/cgroup -path "*/x/pids.max"); do echo 5 >$f; done
            canary compare c; echo "status $?"; kill -KILL %1; wait; canary compare c'
    has_line '^was: file /var/tmp/watched '
    has_line '^is:  sysctl net/ipv4/ip_forward:1'
    has_line '^is:  process /proc/[0-9]*/status:State: T '
    has_line '^is:  mount /mnt tmpfs'
    has_line '^is:  nft table inet x'
    has_line '^is:  limit /sys/fs/cgroup/.*x/pids.max:5$'
    has_line '^status 1$'
    has_line '^was: process '
}

# --------------------------------------------------------------------------------------------------------- suites

# suite FILE (TEST BODY)...
suite() {
    local file=$BATS_TEST_TMPDIR/tests/system/$1.bats
    mkdir -p "${file%/*}"
    cp -rT "$support" "$BATS_TEST_TMPDIR/tests/support"
    echo 'load ../support/common' >"$file"
    printf '@test "%s" { %s; }\n' "${@:2}" >>"$file"
}

run_suite() { run "$BATS_TEST_TMPDIR/tests/support/run-suite" "$@" "$BATS_TEST_TMPDIR/tests/system"; }

@test "run-suite: sums the files, prints skips with reasons, blames a leak on its test alone" {
    suite good fine true  absent 'require_feature program frobnicate'
    suite leak leaks '(sleep 1000 &)'  'fine after it' 'wait_until true; on_wire ip -br link'
    run_suite
    [ "$status" -eq 1 ]
    has_line '^ok 1 fine$'
    has_line '^skipped: .*good.bats: absent: needs program frobnicate: no frobnicate installed$'
    has_line '^not ok 1 leaks$'
    has_line '^# left behind: process '
    has_line '^ok 2 fine after it$'
    [ "${lines[-1]}" = '2 passed, 1 failed, 1 skipped' ]
    run_suite --filter fine
    [ "$status" -eq 0 ]
    [ "${lines[-1]}" = '2 passed, 0 failed, 0 skipped' ]
}

@test "run-suite: blames a fault of a program of ours on its test alone, whoever's child it was" {
    suite fault faults "(setsid bash -c 'fault' &); wait_until new_one"  'fine after it' true
    cat >>"$BATS_TEST_TMPDIR/tests/system/fault.bats" <<'END'
fault() { printf vserver-keeper >/proc/self/comm; ulimit -s 512; fault; }
export -f fault
new_one() { faults | grep -qvxFf "$BATS_FILE_TMPDIR/faults"; }
END
    run_suite
    [ "$status" -eq 1 ]
    has_line '^not ok 1 faults$'
    has_line '^# .*vserver-keeper\[[0-9]+\]: segfault'
    has_line '^ok 2 fine after it$'
}

@test "run-suite: a skip of what the machine must have is a failure" {
    suite must absent 'require_feature program frobnicate'
    VSERVER_MUST_HAVE=program run_suite
    [ "$status" -eq 1 ]
    has_line 'this machine must have program frobnicate'
    [ "${lines[-1]}" = '0 passed, 1 failed, 0 skipped' ]
}

@test "run-suite: a file that never ends is a failure" {
    suite stuck waits 'sleep 1000'
    VSERVER_SUITE_SECONDS=3 run_suite
    [ "$status" -eq 1 ]
    [ "${lines[-1]}" = '0 passed, 1 failed, 0 skipped' ]
}

@test "a suite outside a test host is refused" {
    suite alone fine true
    run env -u TESTHOST bats "$BATS_TEST_TMPDIR/tests/system"
    [ "$status" -eq 1 ]
    has_line 'run it with tests/support/run-suite'
}
