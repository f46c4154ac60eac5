#!/usr/bin/env bats
# What commands of the host do with a server whose root wants to harm them: files that are not what they seem, processes that
# stop, trace and never end, trees without bottom. Nothing may wait for ever, cross into the host, or leave anything behind.

load ../support/common
load ../support/servers

setup_file() {
    build_small
    begin_suite
}

teardown() {
    remove_servers
    end_test
}

# ---- helpers -----------------------------------------------------------------------------------------------------

# The server `evil`; its root runs tests/escape/hostile.cpp.
new_evil() {
    new_small evil --address 10.77.0.60
    add_service evil idle sleep 100000
    vserver evil exec -- sh -c 'cat >/hostile && chmod 755 /hostile' <"$VSERVER_BUILD/tests/hostile"
}

# The same as run_vserver, but a command that takes longer than a deadline of ours can take has failed.
bounded() { run --separate-stderr timeout --kill-after=5 60 vserver "$@"; [ "$status" -ne 137 ]; }

# Ends with this status and one sentence, in time.
fails() {    # STATUS ARGUMENT...
    bounded "${@:2}"
    [ "$status" -eq "$1" ] || { echo "status $status of ${*:2}: $stderr"; return 1; }
    [ "${#stderr_lines[@]}" -eq 1 ] || { echo "$stderr"; return 1; }
    [[ $stderr == 'vserver: '* && $stderr != *$'\e'* ]]
}

# ---- processes ---------------------------------------------------------------------------------------------------

@test "a stop does not wait for a server that freezes who is to power it off" {
    new_small small --address 10.77.0.50
    vserver small exec -- sh -c 'mkdir -p /sbin; printf "#!/bin/sh\nexec sleep 100000\n" >/sbin/init; chmod 755 /sbin/init; cp -P /bin/true /sbin/poweroff'
    vserver small start
    vserver small exec -- sh -c 'cd /sys/fs/cgroup && mkdir away && echo $$ >away/cgroup.procs && until rmdir .vserver; do sleep 0.1; done; mkdir .vserver && echo 1 >.vserver/cgroup.freeze'
    mark
    bounded small stop --timeout 1s
    [ "$status" -eq 0 ]
    is_stopped small
}

@test "output that the host reads slowly is whole, and its terminal is left as it was" {
    new_small small --address 10.77.0.50
    vserver small start
    vserver small exec -t -- sh -c 'seq 1 12400; touch /written' </dev/null | {
        WAIT_SECONDS=30 wait_until test -e /var/lib/vservers/servers/small/upper/written
        wc -l >"$BATS_TEST_TMPDIR/lines"
    }
    [ "$(<"$BATS_TEST_TMPDIR/lines")" -eq 12400 ]
    run on_terminal 24x80 '' sh -c 'vserver small exec -t -- sh -c "sleep 0.3; true"; python3 -c "import fcntl, os; print(\"blocking:\", not fcntl.fcntl(1, fcntl.F_GETFL) & os.O_NONBLOCK)"'
    [[ $output == *'blocking: True'* ]]
    vserver small stop
}

@test "a server that forks all the time while it is stopped is stopped" {
    new_evil
    vserver evil start
    vserver evil exec -- /hostile fork 3>&- >/dev/null 2>&1 &
    wait_until vserver evil exec -- test -e /forking
    mark
    bounded evil stop --timeout 1s
    [ "$status" -eq 0 ]
    is_stopped evil
    wait $! || true
}

# ---- files -------------------------------------------------------------------------------------------------------

@test "accounts that are no plain, small files are a sentence for a user and nothing for root, and nobody reads the host's" {
    new_evil
    upper=/var/lib/vservers/servers/evil/upper/etc
    mkdir -p "$upper"
    vserver evil start
    for trap in 'passwd mkfifo F' 'passwd mkdir F' 'passwd truncate -s 1024G F' 'passwd ln -s F F' 'group mkfifo F'; do
        file=${trap%% *} make=${trap#* }
        vserver evil exec -- sh -c "cp /etc/$file /etc/was && rm /etc/$file && ${make//F//etc/$file}"
        fails 125 evil exec -u web -- true
        [ "$(vserver evil exec -- echo in)" = in ]    # root is uid 0 whatever they say
        bounded evil passwd <<<secret
        [ "$status" -ne 0 ] && [ "$status" -ne 124 ]
        vserver evil stop
        rm -rf "${upper:?}/$file"    # as the host's administrator can, from outside
        mv "$upper/was" "$upper/$file"
        vserver evil start
    done
    vserver evil exec -- sh -c 'cp /etc/passwd /srv-passwd; rm /etc/passwd; ln -s ../../../../../../srv-passwd /etc/passwd'
    [ "$(vserver evil exec -u web -- id -u)" = 33 ]
    vserver evil exec -- ln -sf /root/no-such /etc/passwd
    fails 125 evil exec -u "$(sed -n 's/:.*//p' /etc/passwd | tail -n 1)" -- true
    vserver evil stop
}

@test "login shells and programs that are replaced harm nobody" {
    new_evil
    vserver evil start
    vserver evil exec -- sh -c 'mkdir -p /usr/sbin; ln -sf /proc/1/exe /usr/sbin/chpasswd; mkfifo /fifo; chmod 755 /fifo; printf "root:x:0:0:root:/root:/fifo\n" >/etc/passwd'
    bounded evil enter </dev/null
    [ "$status" -eq 126 ]
    bounded evil passwd <<<secret
    [ "$status" -ne 0 ] && [ "$status" -ne 124 ]
    vserver evil exec -- sh -c 'printf "root:x:0:0:root:%05000d:/bin/sh\n" 0 >/etc/passwd'
    bounded evil enter </dev/null
    [ "$status" -ne 124 ]
    vserver evil stop
}

@test "a lease on what a command reads does not keep it waiting" {
    new_evil
    vserver evil start
    vserver evil exec -- /hostile lease /etc/passwd 3>&- &
    wait_until vserver evil exec -- test -e /leased
    bounded evil exec -- true
    [ "$status" -ne 124 ]
    vserver evil stop --kill
    wait $! || true
}

@test "check, mount, files and start look at a tree of traps and end" {
    new_evil
    vserver evil exec -- sh -c 'for f in /etc/os-release /usr/lib/os-release /etc/machine-id /etc/inittab /etc/passwd /etc/hostname; do
            mkdir -p ${f%/*}; rm -f $f; mkfifo $f; done
        mkdir -p /sbin; ln -s /lib/systemd/../../../../../proc/self/root/systemd /sbin/init; ln -s /etc /data'
    bounded evil check
    [ "$status" -le 1 ]
    bounded evil check --json
    jq . <<<"$output" >/dev/null
    bounded evil mount
    [ "$status" -eq 0 ]
    bounded evil umount
    [ "$status" -eq 0 ]
    bounded evil files
    [ "$status" -eq 0 ]
    printf '[[mount]]\nfrom = "/var/tmp"\nto = "/data"\nowner = "web"\n' >>/etc/vservers/evil.toml
    fails 1 evil start
    sed -i '/^owner = /d' /etc/vservers/evil.toml
    fails 1 evil start    # nothing is mounted through its link
    is_stopped evil
}

@test "mount points of the system that are links or files are refused, and nothing of the host is covered" {
    for path in dev proc sys; do
        new_small "trap-$path" --network none
        vserver "trap-$path" exec -- true
        rm -rf "/var/lib/vservers/servers/trap-$path/upper/$path"
        ln -s /var/tmp "/var/lib/vservers/servers/trap-$path/upper/$path"
        fails 1 "trap-$path" start
        [[ $stderr == *"/$path"* ]]
        rm "/var/lib/vservers/servers/trap-$path/upper/$path"
        : >"/var/lib/vservers/servers/trap-$path/upper/$path"
        fails 1 "trap-$path" start
    done
}

@test "a tree that is deeper than any path is deleted" {
    new_evil
    vserver evil exec -- /hostile deep
    bounded evil delete --yes
    [ "$status" -eq 0 ]
    [ ! -e /var/lib/vservers/servers/evil ]
    [ -z "$(ls /var/lib/vservers/trash)" ]
}

@test "what a server calls its init is data" {
    new_small evil --network none
    vserver evil exec -- sh -c 'd="/x
init 1
phase starting"; mkdir -p "$d" /sbin && cp /bin/busybox "$d/sleep" && printf "#!/bin/sh\nexec \"/x\ninit 1\nphase starting/sleep\" 100000\n" >/sbin/init && chmod 755 /sbin/init'
    vserver evil start
    wait_until renamed
    bounded evil status
    [ "$status" -eq 0 ]
    ! grep -qx 'init 1' <<<"$output" || false
    bounded evil status --json
    [ "$(jq -r '.servers[0].state' <<<"$output")" = running ]
    bounded evil restart --kill
    [ "$status" -eq 0 ]
    bounded evil stop --kill
    [ "$status" -eq 0 ]
}
renamed() { readlink "/proc/$(state_of evil init)/exe" | grep -q sleep; }
