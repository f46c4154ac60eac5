#!/usr/bin/env bats
# What each setting does inside a real server, and what holds where it is not set.

load ../support/common
load ../support/servers

hooks=/etc/vservers/hooks

setup_file() {
    build_small
    build_host nftables
    begin_suite
}

setup() { new_small small --address 10.77.0.50; }

teardown() {
    remove_servers
    rm -rf "$hooks"
    end_test
}

# ---- helpers -----------------------------------------------------------------------------------------------------

# Arguments: the server, then lines above its first section.
set_top() { printf '%s\n' "${@:2}" | cat - "/etc/vservers/$1.toml" >"$BATS_TEST_TMPDIR/toml"; cp "$BATS_TEST_TMPDIR/toml" "/etc/vservers/$1.toml"; }
add_mount() { printf '\n[[mount]]\n%s\n' "$(printf '%s\n' "${@:2}")" >>"/etc/vservers/$1.toml"; }

inside() { run_vserver small exec -- sh -c "$1"; }
# What a service of the server sees, and what a command sees that comes in: the same.
both_see() {
    inside "$1"
    [ "$status" -eq 0 ]
    [ "$output" = "$2" ] || { echo "exec sees '$output', not '$2'"; return 1; }
    wait_until console_has small "saw: $2[[:cntrl:]]*\$"
}
# Starts the server with a service that says what COMMAND says.
start_saying() { add_service small eye sh -c "echo saw: \$($1); exec sleep 100000"; vserver small start; }

# One sentence, the status, and nothing of the server.
refused() {    # STATUS PATTERN ARGUMENT...
    run_vserver "${@:3}"
    [ "$status" -eq "$1" ] || { echo "status $status: $stderr"; return 1; }
    [ "${#stderr_lines[@]}" -eq 1 ]
    [[ $stderr == *"$2"* ]] || { echo "$stderr"; return 1; }
    is_stopped small
    [ ! -e /run/vservers/small/state ]
}

# A hook that notes what it is called with, and then does what it is told for the phase.
make_hook() {
    mkdir -p "$hooks"
    chmod 755 "$hooks"
    cat >"$hooks/hook" <<END
#!/bin/bash
echo "\$1 \$2 \$#" >>"$BATS_TEST_TMPDIR/calls"
vserver() { VSERVER_LIBEXEC=$VSERVER_LIBEXEC $(command -v vserver) "\$@"; }
case \$1 in
$(printf '%s\n' "$@")
esac
END
    chmod 755 "$hooks/hook"
    set_top small "hooks = \"$hooks/hook\""
    : >"$BATS_TEST_TMPDIR/calls"
}
calls() { paste -sd, "$BATS_TEST_TMPDIR/calls"; }

# ---- hooks -------------------------------------------------------------------------------------------------------

@test "the hook is called at four points, with a clean environment and the server's tree" {
    make_hook '*) env >"'"$BATS_TEST_TMPDIR"'/env-$1"; ls "$VSERVER_ROOT/bin/busybox" >"'"$BATS_TEST_TMPDIR"'/tree-$1"; ! touch "$VSERVER_ROOT/new" 2>/dev/null ;;'
    mark
    LEAK=secret vserver small start
    [ "$(calls)" = 'pre-start small 2,post-start small 2' ]
    LEAK=secret vserver small stop
    [ "$(calls)" = 'pre-start small 2,post-start small 2,pre-stop small 2,post-stop small 2' ]
    for phase in pre-start post-start pre-stop post-stop; do
        [ "$(grep -v -e ^PWD= -e ^SHLVL= -e ^_= "$BATS_TEST_TMPDIR/env-$phase" | sort | paste -sd' ')" = \
          "LANG=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin VSERVER_CONTEXT=$(context_of small) VSERVER_NAME=small VSERVER_ROOT=/run/vservers/small/root" ]
        [ "$(<"$BATS_TEST_TMPDIR/tree-$phase")" = /run/vservers/small/root/bin/busybox ]    # there, and read-only
    done
    audit_now
}
context_of() { vserver "$1" list --json | jq ".servers[] | select(.name == \"$1\").context"; }

@test "no hook is called where none is set, nor for a command in a stopped server" {
    make_hook '*) ;;'
    sed -i '/^hooks/d' /etc/vservers/small.toml
    vserver small start
    vserver small stop
    [ -z "$(calls)" ]
    set_top small "hooks = \"$hooks/hook\""
    vserver small exec -- true
    [ -z "$(calls)" ]
}

@test "a pre-start that fails aborts the start, and what it says is shown" {
    make_hook 'pre-start) echo no disk today >&2; exit 3 ;;'
    mark
    run_vserver small start
    [ "$status" -eq 1 ]
    [ "${stderr_lines[0]}" = 'no disk today' ]
    [[ ${stderr_lines[1]} == "vserver: cannot start 'small': pre-start hook: '$hooks/hook' ended with status 3" ]]
    is_stopped small
    audit_now
}

@test "what a pre-start sets anew is what the server is started with" {
    make_hook 'pre-start) sed -i -e /^hostname/d -e "1i hostname = \"anew\"" /etc/vservers/small.toml ;;'
    vserver small start
    [ "$(vserver small exec -- hostname)" = anew ]
}

@test "a pre-stop that fails aborts the stop" {
    make_hook 'pre-stop) [ -e "'"$BATS_TEST_TMPDIR"'/may-stop" ] ;;'
    vserver small start
    run_vserver small stop
    [ "$status" -eq 1 ]
    [[ $stderr == *'pre-stop hook'* ]]
    is_running small
    touch "$BATS_TEST_TMPDIR/may-stop"
    vserver small stop
}

@test "a post-start or post-stop that fails is reported, and the server is started and stopped" {
    make_hook 'post-*) exit 1 ;;'
    run_vserver small start
    [ "$status" -eq 0 ]
    [[ $stderr == *"'small' is started, but: post-start hook"* ]]
    is_running small
    run_vserver small stop
    [ "$status" -eq 0 ]
    [[ $stderr == *"'small' is stopped, but: post-stop hook"* ]]
    is_stopped small
}

@test "a hook that does not end is killed with what it has started" {
    make_hook "pre-start) sleep 100321 & echo \$! >$BATS_TEST_TMPDIR/child; wait ;;"
    set_top small 'hook_timeout = "1s"'
    run_vserver small start
    [ "$status" -eq 124 ]
    [[ $stderr == *'pre-start hook'*'did not end in time'* ]]
    wait_until not_there "$(<"$BATS_TEST_TMPDIR/child")"
    is_stopped small
}
not_there() { ! kill -0 "$1" 2>/dev/null; }

@test "a hook may call vserver for its own server, and leave something running" {
    make_hook 'pre-start) vserver small exec -- touch /prepared ;;' \
        'post-start) vserver small exec -- test -e /prepared; sleep 100321 </dev/null >/dev/null 2>&1 & echo $! >"'"$BATS_TEST_TMPDIR"'/child" ;;' \
        'pre-stop) vserver small exec -- touch /saved ;;' \
        'post-stop) vserver small running >/dev/null; [ $? = 3 ] ;;'
    set_top small 'hook_timeout = "20s"'
    run_vserver small start
    [ "$status" -eq 0 ]
    [ -z "$stderr" ]
    kill "$(<"$BATS_TEST_TMPDIR/child")"
    run_vserver small stop
    [ "$status" -eq 0 ]
    [ -z "$stderr" ]
    vserver small exec -- test -e /saved
}

@test "a server that reboots or ends by itself has its hooks called by its keeper" {
    make_hook '*) ;;'
    vserver small start
    vserver small exec -- kill -TERM 1 || true
    wait_until called 5
    vserver small exec -- kill -USR2 1 || true
    wait_until called 6
    [ "$(calls)" = 'pre-start small 2,post-start small 2,post-stop small 2,pre-start small 2,post-start small 2,post-stop small 2' ]
}
called() { (( $(wc -l <"$BATS_TEST_TMPDIR/calls") >= $1 )); }

@test "a hook that somebody but root could change is not run" {
    make_hook '*) ;;'
    for wrong in "chmod 775 $hooks/hook" "chmod 757 $hooks" "chown 1234 $hooks/hook" "chown 1234 $hooks"; do
        $wrong
        refused 4 "root's alone" small start
        run_vserver small check
        [[ $output == *BAD*hooks* ]]
        chown 0 "$hooks" "$hooks/hook"
        chmod 755 "$hooks" "$hooks/hook"
    done
    mkdir -p "$BATS_TEST_TMPDIR/theirs/inner"
    cp "$hooks/hook" "$BATS_TEST_TMPDIR/theirs/inner/hook"
    chown 1234 "$BATS_TEST_TMPDIR/theirs"    # whose owner can put another directory in its place
    sed -i "s|^hooks = .*|hooks = \"$BATS_TEST_TMPDIR/theirs/inner/hook\"|" /etc/vservers/small.toml
    refused 4 "root's alone" small start
    ln -s "$hooks/hook" "$BATS_TEST_TMPDIR/theirs/link"
    sed -i "s|^hooks = .*|hooks = \"$BATS_TEST_TMPDIR/theirs/link\"|" /etc/vservers/small.toml
    refused 4 "leads through a link: say hooks = \"$hooks/hook\"" small start
    sed -i "s|^hooks = .*|hooks = \"$hooks/nobody\"|" /etc/vservers/small.toml
    refused 1 "No such file" small start
    [ -z "$(calls)" ]
}

# ---- mounts and volumes ------------------------------------------------------------------------------------------

@test "a mount of the host is read-only, cannot be made writable, and shows its owner as the server's" {
    mkdir -m 755 "$BATS_TEST_TMPDIR/data"
    echo content >"$BATS_TEST_TMPDIR/data/file"
    chown -R 1234:1234 "$BATS_TEST_TMPDIR/data"
    add_mount small "from = \"$BATS_TEST_TMPDIR/data\"" 'to = "/srv/deep/data"'
    vserver small start
    inside 'cat /srv/deep/data/file; stat -c %u:%g /srv/deep/data/file'
    [ "$output" = $'content\n0:0' ]
    for try in 'echo x >/srv/deep/data/file' 'touch /srv/deep/data/new' 'chmod 777 /srv/deep/data/file' 'mount -o remount,bind,rw /srv/deep/data' 'umount /srv/deep/data'; do
        inside "$try"
        [ "$status" -ne 0 ] || { echo "possible: $try"; return 1; }
    done
    inside 'grep " /srv/deep/data " /proc/mounts'
    [[ $output == *ro,*nosuid,*nodev* ]]
    vserver small stop
    [ "$(ls "$BATS_TEST_TMPDIR/data")" = file ]
}

@test "a writable mount belongs to the user it is given to, on both sides, and to nobody else" {
    mkdir -m 755 "$BATS_TEST_TMPDIR/data"
    chown 1234:4321 "$BATS_TEST_TMPDIR/data"
    add_mount small "from = \"$BATS_TEST_TMPDIR/data\"" 'to = "/data"' 'mode = "rw"' 'owner = "web"'
    vserver small start
    inside 'stat -c %u /data'
    [ "$output" = 33 ]
    vserver small exec -u web -- sh -c 'echo written >/data/file'
    [ "$(stat -c %u "$BATS_TEST_TMPDIR/data/file") $(<"$BATS_TEST_TMPDIR/data/file")" = '1234 written' ]
    inside 'touch /data/by-root'    # its root has no number on the host's side
    [ "$status" -ne 0 ]
    vserver small exec -u web -- sh -c 'cp /bin/busybox /data/tool && chmod 4755 /data/tool'
    [[ $(vserver small exec -- grep ' /data ' /proc/mounts) == *rw,*nosuid,*nodev* ]]
    vserver small stop
}

@test "check warns of a writable mount where a setuid program that the server leaves would count on the host" {
    mkdir -m 755 "$BATS_TEST_TMPDIR/data"
    chown 1234:1234 "$BATS_TEST_TMPDIR/data"
    add_mount small "from = \"$BATS_TEST_TMPDIR/data\"" 'to = "/data"'
    warning() { vserver small check --json | jq -r '.. | objects | select(.subject? == "mounts") | .grade + ": " + .text'; }
    [ -z "$(warning)" ]    # who can write nothing leaves nothing
    sed -i 's|^to = "/data"|&\nmode = "rw"|' /etc/vservers/small.toml
    [[ $(warning) == "notice: a setuid program that the server leaves in '$BATS_TEST_TMPDIR/data'"* ]]
    vserver small exec -- sh -c 'cp /bin/busybox /data/tool && chmod 4755 /data/tool'
    [ "$(stat -c %a:%u "$BATS_TEST_TMPDIR/data/tool")" = 4755:1234 ]
    eval "$(vserver small check --json | jq -r '.. | objects | select(.subject? == "mounts") | .remedy' | sed 's/^.*nosuid: //')"
    [ -z "$(warning)" ]
    umount "$BATS_TEST_TMPDIR/data"
}

@test "one file can be mapped, also over one that the server has" {
    echo of the host >"$BATS_TEST_TMPDIR/file"
    add_mount small "from = \"$BATS_TEST_TMPDIR/file\"" 'to = "/etc/group"'
    add_mount small "from = \"$BATS_TEST_TMPDIR/file\"" 'to = "/new/place"'
    vserver small start
    inside 'cat /etc/group /new/place'
    [ "$output" = $'of the host\nof the host' ]
    vserver small stop
    vserver small exec -- true
}

@test "what cannot be mapped is refused in one sentence, and nothing is left" {
    add_mount small 'from = "/no/such/directory"' 'to = "/data"'
    refused 1 "/no/such/directory" small start
    mark
    audit_now
    mkdir "$BATS_TEST_TMPDIR/data"
    sed -i "s|^from = .*|from = \"$BATS_TEST_TMPDIR/data\"\nmode = \"rw\"|" /etc/vservers/small.toml
    refused 2 "belongs to root or its group and cannot be mapped writable" small start
    chown 1234:1234 "$BATS_TEST_TMPDIR/data"
    sed -i 's|^mode = "rw"|mode = "rw"\nowner = "nobody-there"|' /etc/vservers/small.toml
    refused 2 "no user 'nobody-there'" small start
    audit_now
}

@test "what is mapped is never what an ordinary user of the host chooses" {
    local place=$BATS_TEST_TMPDIR/alice
    mkdir -p "$place/share" "$BATS_TEST_TMPDIR/bob"
    echo secret >"$BATS_TEST_TMPDIR/bob/file"
    chown -R 1002:1002 "$BATS_TEST_TMPDIR/bob"
    chown -R 1001:1001 "$place"
    add_mount small "from = \"$place/share\"" 'to = "/srv"' 'mode = "rw"'
    vserver small start    # her own, and only she decides what it is
    vserver small stop
    rmdir "$place/share"
    ln -s "$BATS_TEST_TMPDIR/bob" "$place/share"
    refused 4 "is a link" small start
    ln -sfn "$BATS_TEST_TMPDIR" "$place/share"
    sed -i "s|^from = .*|from = \"$place/share/bob\"|" /etc/vservers/small.toml
    refused 4 "is a link" small start
    rm "$place/share"
    mkdir "$place/inner"    # another's, or root's, that she can exchange
    for owner in 1002 0; do
        chown "$owner:$owner" "$place/inner"
        sed -i "s|^from = .*|from = \"$place/inner\"|; s|^mode = .*|mode = \"ro\"|" /etc/vservers/small.toml
        refused 4 "belongs to user 1001" small start
    done
    chown 0:1003 "$place"
    chmod 775 "$place"
    refused 4 "others may write '$place'" small start
}

@test "a server without mounts and volumes has none, and a volume stands beside its layer" {
    vserver small start
    inside 'cut -d" " -f2 /proc/mounts | grep -v -e "^/$" -e ^/dev -e ^/proc -e ^/sys -e "^/run$"'
    [ -z "$output" ]
    vserver small stop
    set_top small 'volumes = ["/var/lib/data"]'
    vserver small start
    inside 'echo kept >/var/lib/data/file; chown 33 /var/lib/data/file; stat -c %u:%g /var/lib/data'
    [ "$output" = 0:0 ]
    [ "$(stat -c %u:%g /var/lib/vservers/servers/small/volumes/%2Fvar%2Flib%2Fdata/file)" = 33:0 ]
    [ -z "$(ls /var/lib/vservers/servers/small/upper/var/lib/data)" ]
    vserver small restart
    inside 'cat /var/lib/data/file; grep " /var/lib/data " /proc/mounts'
    [[ $output == kept$'\n'*nodev* ]]
    inside 'umount /var/lib/data'
    [ "$status" -ne 0 ]
    [[ $(vserver small files) == */servers/small* ]]
    vserver small stop
}

@test "a server without nesting cannot set what packets may take of the machine's memory, and its users ping" {
    vserver small start
    for key in ipv4/ipfrag_high_thresh ipv4/ip_forward core/somaxconn; do
        inside "echo 1 >/proc/sys/net/$key"
        [ "$status" -ne 0 ]
        inside "unshare -n sh -c 'echo 1 >/proc/sys/net/$key' || unshare -Urn sh -c 'echo 1 >/proc/sys/net/$key'"
        [ "$status" -ne 0 ]
    done
    inside 'cat /proc/sys/net/ipv4/ping_group_range'
    [[ $output =~ ^0[[:space:]]+65535$ ]]
    vserver small stop
    set_top small 'nesting = true'
    vserver small start
    inside 'echo 1 >/proc/sys/net/ipv4/ip_forward'
    [ "$status" -eq 0 ]
    vserver small stop
}

# ---- network -----------------------------------------------------------------------------------------------------

@test "a server of the host's network has its addresses and ports, and no power over it" {
    new_small hosted --network host
    mark
    vserver hosted start
    [[ $(vserver hosted exec -- ip -4 address) == *10.77.0.2/* ]]
    [ "$(vserver hosted exec -- readlink /proc/self/ns/net)" = "$(readlink /proc/self/ns/net)" ]
    for try in 'ip link set eth0 down' 'ip address add 10.77.0.99/32 dev eth0' 'ip route del default' 'echo 1 >/proc/sys/net/ipv4/ip_forward' 'nc -l -p 81'; do
        run timeout 5 vserver hosted exec -- sh -c "$try"
        [ "$status" -ne 0 ] && [ "$status" -ne 124 ] || { echo "possible: $try"; return 1; }
    done
    run nc -z -w 2 10.77.0.2 8099
    [ "$status" -ne 0 ]
    vserver hosted exec -- sh -c 'echo a page | nc -l -p 8099' 3>&- &
    wait_until bash -c 'nc -w 1 10.77.0.2 8099 </dev/null | grep -q "a page"'
    wait $!
    audit_now hosted
    vserver hosted stop
    audit_now
    [[ $(vserver small exec -- ip -4 address) != *10.77.0.2/* ]]    # which is not the default
}

@test "a server without network has loopback and nothing else" {
    new_small alone --network none
    mark
    vserver alone start
    run_vserver alone exec -- sh -c 'ls /sys/class/net; ip route; ip -6 route; ip link show lo'
    [ "${lines[0]}" = lo ]
    [[ $output != *via* && $output != *eth0* && $output == *UP* ]]
    vserver alone exec -- ping -c 1 -W 2 127.0.0.1
    run_vserver alone exec -- ping -c 1 -W 1 10.77.0.1
    [ "$status" -ne 0 ]
    audit_now alone
    vserver alone stop
}

@test "rules that somebody took away are told by doctor and come back with repair" {
    vserver small start
    nft delete table inet vserver
    run_vserver doctor
    [ "$status" -eq 1 ]
    [[ $output == *'BAD  network'*'vserver repair'* ]]
    run_vserver repair
    [[ $output == *"restored the packet filter's rules"* ]]
    run_vserver doctor
    [[ $output != *'BAD  network'* ]]
    nft list table inet vserver | grep -q 'chain '
    vserver small stop
}

# ---- processes ---------------------------------------------------------------------------------------------------

# The nineteenth field of its own stat; the name of busybox has no blank.
priority='cut -d" " -f19 /proc/self/stat'

@test "nice is the priority of services and commands; without it 0, whoever starts the server" {
    add_service small eye sh -c "echo saw: \$($priority); exec sleep 100000"
    nice -n 7 vserver small start
    wait_until console_has small 'saw: 0[[:cntrl:]]*$'
    [ "$(nice -n 7 vserver small exec -- sh -c "$priority")" = 0 ]
    vserver small stop
    for nice in 5 -5; do
        sed -i '/^nice = /d' /etc/vservers/small.toml
        set_top small "nice = $nice"
        vserver small start
        both_see "$priority" "$nice"
        vserver small stop
    done
}

@test "ulimits hold for services and commands; those without a setting are fixed, whoever starts the server" {
    limits='echo $(ulimit -Sn) $(ulimit -Sc) $(ulimit -Ss) $(ulimit -St) $(ulimit -Hf)'
    add_service small eye sh -c "echo saw: \$($limits); exec sleep 100000"
    ( ulimit -Sn 77; ulimit -Ss 1000; ulimit -St 5000; vserver small start )
    wait_until console_has small 'saw: 1024 0 8192 unlimited unlimited[[:cntrl:]]*$'
    [ "$( ulimit -Sn 78; ulimit -Ss 1000; vserver small exec -- sh -c "$limits")" = '1024 0 8192 unlimited unlimited' ]
    (( $(vserver small exec -- sh -c 'ulimit -Hn') <= 524288 ))
    vserver small stop
    set_in small ulimits 'nofile = "100:200"' 'core = "1K:1M"' 'stack = "4M:16M"' 'cpu = 3600'
    vserver small start
    both_see "$limits" '100 2 4096 3600 unlimited'
    inside 'ulimit -Hn; ulimit -Hs; ulimit -n 201'
    [ "${lines[0]} ${lines[1]}" = '200 16384' ]
    [ "$status" -ne 0 ]
    vserver small stop
}

@test "a limit of memory is one of swap too, and a server has no swap of its own choice" {
    memory=$((64 << 20))
    sed -i 's/^#* *memory = .*/memory = "64M"/' /etc/vservers/small.toml
    vserver small start
    group=$(find /sys/fs/cgroup -path '*vservers*/small' -name small -exec test -e {}/memory.stat \; -print)
    if [[ -e $group/memory.memsw.limit_in_bytes ]]; then
        [ "$(<"$group/memory.memsw.limit_in_bytes")" = $(( 2 * memory )) ]
    elif [[ -e $group/memory.swap.max ]]; then
        [ "$(<"$group/memory.swap.max")" = "$memory" ]
    else
        skip 'this kernel does not account for swap'
    fi
    vserver small stop
}

@test "a start raises the limits that the host and all servers share" {
    in_a_view() {    # where they are files of our own: the real ones are the whole machine's
        mount -t tmpfs none /proc/sys/kernel/pty
        mount -t tmpfs none /proc/sys/net/ipv4/neigh
        mkdir /proc/sys/net/ipv4/neigh/{default,eth0}
        echo 0 >/proc/sys/net/ipv4/neigh/eth0/proxy_delay
        echo 4096 >/proc/sys/kernel/pty/max
        echo 1024 >/proc/sys/net/ipv4/neigh/default/gc_thresh3
        vserver doctor | grep 'gc_thresh3 = 1024' -A1
        vserver small start
        echo $(</proc/sys/kernel/pty/max) $(</proc/sys/net/ipv4/neigh/default/gc_thresh3)
    }
    export -f in_a_view
    run unshare --mount --propagation private bash -c in_a_view
    echo "$output"
    [[ $output == *'sysctl -w net/ipv4/neigh/default/gc_thresh3=65536'*'65536 65536' ]]
    vserver small stop
}

@test "a crash inside starts no program of the host" {
    core='grep "Max core file size" /proc/self/limits | tr -s " "'
    vserver small start
    inside "$core"
    [[ $output == 'Max core file size 1 1 bytes'* ]]
    inside 'ulimit -c unlimited'
    [ "$status" -ne 0 ]
    inside 'grep "Max core file size" /proc/1/limits | tr -s " "'
    [[ $output == 'Max core file size 1 1 bytes'* ]]
    vserver small stop
}

@test "a server has no umask, ignored signals, processors, policy, class of I/O and score of who starts it" {
    add_service small eye sh -c 'echo saw: $(umask); exec sleep 100000'
    ( umask 077; trap '' HUP USR1 PIPE; echo 300 >/proc/self/oom_score_adj; taskset -pc 0 $BASHPID >/dev/null; chrt -b -p 0 $BASHPID; ionice -c 3 -p $BASHPID
      exec vserver small start )
    wait_until console_has small 'saw: 0022'
    init=$(state_of small init)
    grep -q '^SigIgn:[[:space:]]*0*$' "/proc/$init/status"
    [ "$(taskset -p "$init" | sed 's/.*: //')" = "$(taskset -p $$ | sed 's/.*: //')" ]
    [[ $(chrt -p "$init") == *SCHED_OTHER* ]]
    [[ $(ionice -p "$init") == none* ]]
    [ "$(<"/proc/$init/oom_score_adj")" = 0 ]
    vserver small stop
}

@test "a limit above what the machine's root may reach is refused in one sentence, or reached" {
    ( ulimit -n 4000
      set_in small ulimits 'nofile = 5000'
      if grep -q '^CapEff:.*[0-9a-f]*[4-7c-f]' <(capsh_resource); then vserver small start && vserver small stop
      else refused 6 "ulimits.nofile: root of this machine may not raise a limit" small start; fi )
}
# A line that has CAP_SYS_RESOURCE (24) as the test above looks for it, or none.
capsh_resource() { (( (0x$(awk '/^CapEff/ { print $2 }' /proc/self/status) >> 24) & 1 )) && echo CapEff: 4 || true; }

@test "capabilities are the ceiling of its root, and of what comes in" {
    bound='sed -n s/^CapBnd:.//p /proc/self/status'
    vserver small start
    default=$(vserver small exec -- sh -c "$bound")
    for lost in 16 17 25 34 39; do (( (0x$default >> lost & 1) == 0 )); done    # sys_module sys_rawio sys_time syslog bpf
    (( 0x$default >> 13 & 1 ))                                                # net_raw
    vserver small exec -- ping -c 1 -W 2 10.77.0.50
    vserver small stop
    set_top small 'capabilities = ["!net_raw", "!chown"]'
    add_service small eye sh -c "echo saw: \$($bound); exec sleep 100000"
    vserver small start
    both_see "$bound" "$(printf '%016x' $(( 0x$default & ~(1 << 13) & ~1 )))"
    inside 'ping -c 1 -W 2 10.77.0.50'
    [ "$status" -ne 0 ]
    inside 'touch /file; chown 33 /file'
    [ "$status" -ne 0 ]
    vserver small stop
    sed -i 's/^capabilities = .*/capabilities = ["setuid", "setgid"]/' /etc/vservers/small.toml
    vserver small start
    both_see "$bound" 00000000000000c0
    vserver small stop
}

@test "userns = false refuses user namespaces to services and commands; the default gives them" {
    start_saying 'unshare -U echo yes 2>&1 || echo no'
    both_see 'unshare -U echo yes' yes
    vserver small stop
    set_top small 'userns = false'
    vserver small start
    inside 'unshare -U true'
    [ "$status" -ne 0 ]
    wait_until console_has small 'saw: .*no[[:cntrl:]]*$'
    inside 'unshare -m true'
    [ "$status" -eq 0 ]
    vserver small stop
}

@test "nesting shows all of /proc, so that one can be mounted inside; the default does not" {
    vserver small start
    inside 'ls /sys/firmware; cat /proc/kallsyms; mkdir -p /mnt; unshare -m mount -t proc proc /mnt'
    [ "$status" -ne 0 ]
    [ -z "$output" ]
    vserver small stop
    set_top small 'nesting = true'
    vserver small start
    inside 'unshare -m sh -c "mount -t proc proc /mnt && ls /mnt/1/status"'
    [ "$output" = /mnt/1/status ]
    inside 'grep -c " /proc/k" /proc/mounts'
    [ "$output" = 0 ]
    vserver small stop
}

@test "firewall lets the server's root filter its own network, and only that; the default does not" {
    new_host filter --address 10.77.0.60
    set_top filter 'init = "services"'
    add_service filter idle sleep 100000
    vserver filter start
    run_vserver filter exec -- nft list tables
    [ "$status" -ne 0 ]
    vserver filter stop
    set_top filter 'firewall = true'
    vserver filter start
    ping -c 1 -W 2 10.77.0.60
    vserver filter exec -- nft 'add table inet own { chain input { type filter hook input priority 0; policy drop; }; }'
    [ "$(vserver filter exec -- nft list tables)" = 'table inet own' ]
    run ping -c 1 -W 1 10.77.0.60
    [ "$status" -ne 0 ]
    [[ $(nft list tables) != *own* ]]
    vserver filter stop
}

@test "host and domain name are those of the settings; without them the server's own" {
    new_small with_underscore --network none
    [ "$(vserver with_underscore exec -- hostname)" = with-underscore ]
    sed -i '/^hostname = /d' /etc/vservers/small.toml
    set_top small 'hostname = "www"' 'domain = "example.org"'
    start_saying 'hostname; cat /proc/sys/kernel/domainname'
    both_see 'echo $(hostname; cat /proc/sys/kernel/domainname)' 'www example.org'
    vserver small stop
}

# ---- what is wrong -----------------------------------------------------------------------------------------------

@test "an unknown key, a wrong value and an impossible combination are errors with file and line" {
    file=/etc/vservers/small.toml
    cp "$file" "$BATS_TEST_TMPDIR/good"
    while IFS='|' read -r edit line message; do
        cp "$BATS_TEST_TMPDIR/good" "$file"
        eval "$edit"
        case $line in
            top) line=1 ;;
            last) line=$(grep -c '' "$file") ;;
            *) line=$(( $(grep -c '' "$file") - line )) ;;
        esac
        refused 2 "$file:$line: $message" small start
        refused 2 "$file:$line: $message" small config
        run_vserver small check
        [ "$status" -ne 0 ]
    done <<'END'
set_top small 'hostnam = "x"'|top|unknown key 'hostnam'; did you mean 'hostname'?
set_top small 'memory = "1G"'|top|unknown key 'memory'; it belongs in [limits]
printf '[limit]\n' >>"$file"|last|unknown key 'limit'; did you mean 'limits'?
set_top small 'nice = "much"'|top|
set_top small 'nice = 20'|top|nice
set_top small 'stop_timeout = "soon"'|top|
set_top small 'capabilities = ["!net_raw", "chown"]'|top|
set_top small 'capabilities = ["net_rwa"]'|top|
set_top small 'volumes = ["relative"]'|top|
set_top small 'volumes = ["/proc/x"]'|top|
set_top small 'hooks = "relative"'|top|
printf '[[mount]]\nfrom = "/"\nto = "/x"\n' >>"$file"|1|
printf '[[mount]]\nfrom = "/srv"\nto = "/x/../etc"\n' >>"$file"|last|
printf '[[service]]\nname = "x"\n' >>"$file"|1|
END
}

@test "a server of services can be built before it has one, and check says that it is idle" {
    new_small idle --init services --network none
    run_vserver idle check
    [ "$status" -eq 0 ]
    [[ $output == *init*'vserver-init without services'* ]]
    vserver idle start
    vserver idle stop
}
