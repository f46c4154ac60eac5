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

# ------------------------------------------------------------------------------------------------- cannot be circumvented

# A ps that keeps what is called "hop" to itself, whatever it is asked.
hide_hop() { inside 'mv /bin/ps /bin/ps.real; printf "#!/bin/sh\nhop=\$(pgrep -x hop)\n/bin/ps.real \"\$@\" | grep -vw -e \"\${hop:-none}\"\n" >/bin/ps; chmod +x /bin/ps'; }
show_all() { inside 'mv /bin/ps.real /bin/ps'; }
group_of() { sed -n 's/^0:://p' "/proc/$(state_of "$1" init)/cgroup" | sed "s|/$1/.*|/$1|"; }
stands() { [ "$(cat "$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)$(group_of web1)/guest/cgroup.freeze")" = "$1" ]; }

@test "a process that is never the same for long is seen while the server stands still, and the server goes on" {
    begin_inside 'cp /tamper /tmp/hop; cd /tmp; nohup /tmp/hop hop & '
    hide_hop
    sees 'hidden_process +process [0-9]+ \(hop\)'
    show_all
    stands 0
    inside 'true'
}

@test "a server goes on when whoever made it stand still is killed" {
    begin_inside 'cp /tamper /tmp/hop; nohup /tmp/hop hop & '
    inside 'mv /bin/ps /bin/ps.real; printf "#!/bin/sh\nsleep 100\n" >/bin/ps; chmod +x /bin/ps'
    vserver web1 crossview >/dev/null 2>&1 3>&- &
    local looking=$!
    WAIT_SECONDS=30 wait_until stands 1
    kill -KILL "$looking"
    wait_until stands 0
    show_all
}

@test "a ps that knows one of our questions is asked others" {
    begin_inside 'cp /bin/sleep /usr/bin/quiet; nohup quiet 1000 & '
    inside 'mv /bin/ps /bin/ps.real; printf "#!/bin/sh\n[ \"\$*\" = \"-e -o pid=\" ] && exec /bin/ps.real \"\$@\"\n/bin/ps.real \"\$@\" | grep -vw %s\n" "$(pidof quiet)" >/bin/ps; chmod +x /bin/ps'
    local round seen=0
    for round in 1 2 3 4 5 6; do vserver web1 crossview | grep -qE 'hidden_process.*\(quiet\)' && seen=$((seen + 1)); done
    inside 'mv /bin/ps.real /bin/ps; rm /usr/bin/quiet'
    (( seen >= 1 ))
}

@test "a name is missed in whichever of many directories it is" {
    inside 'mkdir /opt/many; i=0; while [ $i -lt 200 ]; do mkdir /opt/many/$i; echo x >/opt/many/$i/file; i=$((i + 1)); done; echo x >/opt/many/99/secret
            mv /bin/ls /bin/ls.real; printf "#!/bin/sh\n/bin/ls.real \"\$@\" | grep -v secret\n" >/bin/ls; chmod +x /bin/ls'
    sees 'hidden_file +/opt/many/99/secret: its ls does not show it'
    [ "$(grep -c hidden_file <<<"$output")" -eq 1 ]
    inside 'mv /bin/ls.real /bin/ls; rm -r /opt/many'
    sees_nothing
}

@test "what is found is in the server's sealed log, and nobody inside can write the like" {
    begin_inside 'cp /bin/sleep /tmp/gone; nohup /tmp/gone 1000 & '
    inside 'rm /tmp/gone; logger "crossview: OK: forged"; echo "crossview: OK: forged" >/dev/console'
    sees deleted_program
    local records
    records=$(host_records web1)
    grep -q 'crossview: CHANGED: deleted_program process [0-9]* (gone), host pid [0-9]*, /tmp/gone (deleted)' <<<"$records"
    ! grep -q forged <<<"$records" || false
    wait_until log_is_good web1
}

# -------------------------------------------------------------------------------------------------------------- confined

@test "who looks into what was gathered can read it, write a report, and do nothing else" {
    require_feature plain_program vserver-onlooker
    local trace=$BATS_TEST_TMPDIR/trace onlooker
    strace -f -s 200 -o "$trace" -e trace='!futex' vserver web1 crossview >/dev/null
    onlooker=$(awk '/execve.*vserver-onlooker|execveat.*vserver-onlooker/ { print $1 }' "$trace" | tail -n 1)
    [ -n "$onlooker" ]
    grep "^$onlooker " "$trace" >"$trace.all"
    grep -q 'landlock_restrict_self(.* = 0' "$trace.all"
    grep -q 'prctl(PR_SET_NO_NEW_PRIVS, 1.* = 0' "$trace.all"
    [ "$(grep -o 'capset.*effective=[^,]*' "$trace.all" | tail -n 1 | sed 's/.*effective=//')" = 0 ]
    sed -n '/seccomp(SECCOMP_SET_MODE_FILTER.* = 0/,$p' "$trace.all" >"$trace.after"
    [ -s "$trace.after" ]
    grep -q 'write(4' "$trace.after"
    ! grep -E 'open|socket\(|connect|exec|kill\(|ptrace|clone|fork' "$trace.after" || false
    # Who gathers it has thirteen rights left (SYS_RESOURCE is one, where the machine has it), and opens nothing below a process's root or working directory.
    grep "^$(head -n 1 "$trace" | cut -d' ' -f1) " "$trace" >"$trace.command"
    [ "$(grep -o 'capset.*effective=[^,]*' "$trace.command" | tail -n 1 | grep -o 'CAP_[A-Z_]*' | grep -v SYS_RESOURCE | sort | tr '\n' ' ')" = \
        'CAP_CHOWN CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_FOWNER CAP_KILL CAP_SETGID CAP_SETPCAP CAP_SETUID CAP_SYS_ADMIN CAP_SYS_CHROOT CAP_SYS_NICE CAP_SYS_PTRACE ' ]
    ! grep -E 'open[a-z0-9]*\([^"]*"[^"]*[0-9]/(root|cwd)(/|")' "$trace.command" || false
}
