# crossview: what the host sees of a server against what its own tools say, while its root hides things.

load ../support/common
load ../support/servers

setup_file() {
    build_host procps,iproute2
    new_host web1 --network none
    sed -i 's/^#init = .*/init = "services"/' /etc/vservers/web1.toml
    add_service web1 idle /bin/sleep 100000
    cp "$(command -v tamper)" "$(dirname "$(command -v tamper)")/hide.so" /var/lib/vservers/servers/web1/upper/
    vserver web1 start >&2
    vserver web1 accept >&2
    begin_suite
}

teardown() {
    vserver web1 restart --kill >/dev/null    # whatever was hidden ends
    end_test web1
}
teardown_file() { servers=(web1); remove_servers; }

inside() { vserver web1 exec -- sh -c "$1"; }
# Runs in the background inside, and waits until it does.
begin_inside() { vserver web1 exec -- sh -c "$1" </dev/null >/dev/null 2>&1; }
sees() { run_vserver web1 crossview; [ "$status" -eq 1 ]; grep -qE -- "$1" <<<"$output" || { echo "$output"; return 1; }; }
sees_nothing() { run_vserver web1 crossview; [ "$status" -eq 0 ] || { echo "$output"; return 1; }; }

@test "a server that hides nothing" {
    sees_nothing
    begin_inside 'nohup sleep 1000 & busybox true; touch /etc/seen'
    sees_nothing
    run_vserver web1 crossview --json
    [ "$(jq -r '.servers[0].verdict' <<<"$output")" = OK ]
    [ "$(jq '.servers[0].processes >= 3' <<<"$output")" = true ]
}

@test "a process hidden by LD_PRELOAD" {
    begin_inside 'cp /bin/sleep /tmp/hidden; nohup /tmp/hidden 1000 & echo /hide.so >/etc/ld.so.preload'
    inside 'ps -e' | grep -q sleep
    run ! grep -q hidden <<<"$(inside 'ps -e')"
    sees 'hidden_process +process [0-9]+ \(hidden\), host pid [0-9]+: its ps does not show it, nor does its ls in /proc'
}

@test "a process hidden by a mount over its directory in /proc" {
    begin_inside 'nohup sleep 1001 & mkdir /tmp/empty; mount --bind /tmp/empty /proc/$!'
    sees 'foreign_mount +/proc/[0-9]+'
    grep -qE 'hidden_process.*\(sleep\)' <<<"$output"
    vserver web1 restart --kill
    begin_inside 'nohup sleep 1001 & mount --bind /proc/1 /proc/$!'
    sees 'foreign_mount +/proc/[0-9]+'
}

@test "processes hidden by another /proc" {
    begin_inside 'nohup sleep 1002 & mkdir -p /tmp/p/1; mount -t tmpfs none /proc'
    sees 'foreign_mount +/proc: tmpfs'
    grep -qE 'hidden_process.*\(sleep\)' <<<"$output"
}

@test "a ps, an ls and an ss that lie" {
    begin_inside 'cp /bin/sleep /usr/bin/kworker; nohup kworker 1000 & '
    inside 'mv /bin/ps /bin/ps.real; printf "#!/bin/sh\n/bin/ps.real \"\$@\" | grep -v %s\n" "$(pidof kworker)" >/bin/ps; chmod +x /bin/ps'
    sees 'hidden_process.*\(kworker\).*: its ps does not show it; it runs /usr/bin/kworker'
    inside 'mv /bin/ps.real /bin/ps; echo x >/etc/secret; mv /bin/ls /bin/ls.real
            printf "#!/bin/sh\n/bin/ls.real \"\$@\" | grep -v secret\n" >/bin/ls; chmod +x /bin/ls'
    sees 'hidden_file +/etc/secret: its ls does not show it'
    inside 'mv /bin/ls.real /bin/ls; mv /bin/ss /bin/ss.real; printf "#!/bin/sh\n/bin/ss.real \"\$@\" | grep -v 4711\n" >/bin/ss; chmod +x /bin/ss'
    begin_inside 'nohup /tamper listen 4711 & '
    wait_until sees 'hidden_socket +tcp port 4711'
    inside 'mv /bin/ss.real /bin/ss; rm /usr/bin/kworker /etc/secret'
}

@test "programs and code without a file" {
    begin_inside 'nohup /tamper memory hidden-in-memory & '
    wait_until sees 'memory_program.*: /memfd:'
    vserver web1 restart --kill
    begin_inside 'cp /bin/sleep /tmp/gone; nohup /tmp/gone 1000 & '
    sees_nothing
    inside 'rm /tmp/gone'
    sees 'deleted_program.*\(gone\).*: /tmp/gone \(deleted\)'
    vserver web1 restart --kill
    begin_inside 'cp /lib/x86_64-linux-gnu/libc.so.6 /tmp/lib.so 2>/dev/null || cp /lib/*/libc.so.6 /tmp/lib.so; LD_PRELOAD=/tmp/lib.so nohup sleep 1000 & '
    wait_until inside 'grep -q /tmp/lib.so /proc/$(pidof sleep | cut -d" " -f1)/maps || grep -q /tmp/lib.so /proc/[0-9]*/maps'
    inside 'rm /tmp/lib.so'
    sees 'deleted_code.*: /tmp/lib.so \(deleted\)'
    vserver web1 restart --kill
    begin_inside 'nohup /tamper anonymous & '
    hint() { vserver web1 crossview | grep -q 'anonymous_code.*(a hint, no proof)'; }
    wait_until hint
    run_vserver web1 crossview
    [ "$status" -eq 0 ]
}

@test "a directory with something mounted over it" {
    inside 'mkdir /tmp/other; mount --bind /tmp/other /etc/cron.d'
    sees 'foreign_mount +/etc/cron.d'
    vserver web1 restart --kill
    inside 'mount -t tmpfs none /usr/local'
    sees 'foreign_mount +/usr/local: tmpfs'
    vserver web1 restart --kill
    inside 'mount -t tmpfs none /mnt; mount --bind /etc /etc; mount -t tmpfs none /run/lock 2>/dev/null || :'
    run_vserver web1 crossview
    [[ $output == *'foreign_mount   /mnt'* && $output != *'/etc:'* && $output != *'/run'* ]]
}

@test "tools that are missing make the verdict UNKNOWN, and a stopped server has no view" {
    inside 'mv /bin/ps /bin/ps.away'
    run_vserver web1 crossview
    [ "$status" -eq 8 ]
    [[ $output == *'ps: the server has no ps that runs'* ]]
    inside 'mv /bin/ps.away /bin/ps'
    vserver web1 stop --kill
    run_vserver web1 crossview
    [ "$status" -eq 3 ]
    vserver web1 start
}

@test "tools that never end, or say too much, are ended" {
    inside 'mv /bin/ps /bin/ps.away; printf "#!/bin/sh\nexec yes 1\n" >/bin/ps; chmod +x /bin/ps'
    run_vserver web1 crossview
    [ "$status" -eq 8 ]
    [[ $output == *'it says more than'* ]]
    inside 'mv /bin/ps.away /bin/ps'
}
