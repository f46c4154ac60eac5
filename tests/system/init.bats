# vserver-init as PID 1 of a server's namespaces: services, accounts, the ways to stop, what the parent sees.
# Runs in a test host (tests/support/run-suite) as root. A server here is `small-server` around the real program.

load ../support/common
load ../support/small_server

setup() { make_root; }

teardown() { end_server; end_test; }

# ---------------------------------------------------------------------------------------------- services

@test "a service runs as its user, with its groups, in its home, in a session of its own, without input" {
    service 'web web no /bin/sh /probe'
    cat >"$root/probe" <<'END'
id -u; id -g; id -G; pwd
echo "$HOME $USER $LOGNAME $SHELL $container $PATH"
cut -d' ' -f6 /proc/$$/stat | grep -qx $$ && echo own session
readlink /proc/$$/fd/0
echo $(ls /proc/self/fd)
grep -E 'Sig(Blk|Ign)|Cap(Inh|Prm|Eff|Amb)' /proc/self/status
END
    begin_server
    wait_for 'web: ended with status 0'
    run grep -v '^vserver-init' "$console"
    [ "${lines[0]}" = 33 ]
    [ "${lines[1]}" = 34 ]
    [ "${lines[2]}" = '34 4 102' ]
    [ "${lines[3]}" = /srv/web ]
    [ "${lines[4]}" = '/srv/web web web /bin/sh vserver /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' ]
    [ "${lines[5]}" = 'own session' ]
    [ "${lines[6]}" = /dev/null ]
    [ "${lines[7]}" = '0 1 2 3' ]            # 3 is ls reading the directory
    for set in SigBlk SigIgn CapInh CapPrm CapEff CapAmb; do
        grep -qE "^$set:.0000000000000000$" "$console"
    done
}

@test "a number is a uid and never a name; a user that nobody is starts nothing" {
    service 'number 1000 no /usr/bin/id'
    service 'unknown nobody no /usr/bin/id'
    service 'zero 00 no /usr/bin/id'
    service 'keep 4294967295 no /usr/bin/id'
    begin_server
    wait_for 'number: ended with status 0'
    wait_for 'unknown: ended with status 126'
    wait_for 'zero: ended with status 126'
    wait_for 'keep: ended with status 126'
    grep -q '^uid=1000(1000) gid=1000 groups=1000$\|^uid=1000 gid=1000 groups=1000$' "$console"
    (( $(grep -c '^uid=' "$console") == 1 ))
}

@test "accounts that are a FIFO or missing hold nobody up" {
    rm "$root/etc/passwd" "$root/etc/group"
    mkfifo "$root/etc/passwd"
    service 'fifo web no /bin/true'
    begin_server
    wait_for 'fifo: cannot read the accounts: not a regular file'
    end_server

    rm "$root/etc/passwd"
    service 'root root no /usr/bin/id'
    begin_server
    wait_for 'root: ended with status 0'
    grep -q '^uid=0 gid=0 groups=0$' "$console"
}

@test "a program that is missing or cannot run is told with its reason" {
    echo 'not a program' >"$root/plain"
    chmod 0755 "$root/plain"
    service 'absent root no /no/such'
    service 'searched root no no-such-program'
    service 'plain root no /plain'
    begin_server
    wait_for 'absent: ended with status 127'
    wait_for 'searched: ended with status 127'
    wait_for 'plain: ended with status 126'
    grep -q 'plain: cannot run /plain: Exec format error' "$console"
}

@test "a service that ends is started again, later each time; one that is not to be is not" {
    service 'again root yes /bin/false'
    service 'once root no /bin/false'
    begin_server
    wait_for 'again: starting again in 1 s'
    wait_for 'again: starting again in 2 s'
    wait_for 'once: ended with status 1'
    run ! grep -q 'once: starting again' "$console"
}

@test "a service killed with SIGKILL is started again" {
    service 'victim root yes /bin/sleep 1000'
    begin_server
    wait_for 'victim: started'
    wait_until child_of "$init" sleep
    kill -KILL "$(child_of "$init" sleep)"
    wait_for 'victim: ended by signal 9'
    wait_for 'victim: started as process' 2
}

@test "sixty-four services run side by side" {
    local i
    for (( i = 0; i < 64; i++ )); do service "s$i root no /bin/sleep 1000"; done
    begin_server
    wait_until eval '(( $(pgrep -c -P "$init" sleep) == 64 ))'
}

@test "orphans are reaped" {
    printf '#!/bin/sh\nfor i in 1 2 3 4 5; do (sh -c "exit 3" &); done\n' >"$root/orphans"
    service 'parent root no /bin/sh /orphans'
    begin_server
    wait_for 'parent: ended with status 0'
    wait_until eval '[[ -z $(pgrep -P "$init") ]]'
}

@test "a damaged table ends the server at once" {
    local bytes
    for bytes in '' vsi1 'vsi2\0\0\0\0\0\0\0\0' 'vsi1\0\0\0\0\x41\0\0\0' 'vsi1\0\0\0\0\0\0\0\0more'; do
        printf "$bytes" >"$BATS_TEST_TMPDIR/table"
        run small-server --table "$BATS_TEST_TMPDIR/table" "$VSERVER_LIBEXEC/vserver-init" "$root" 0 "$pid_file"
        [[ $output == *'the table of services is damaged'* ]]
        [[ ${lines[-1]} == 'init: exit 1' ]]
    done
}

@test "where it is not PID 1 it does nothing" {
    run "$VSERVER_LIBEXEC/vserver-init"
    [ "$status" -eq 2 ]
    [[ $output == 'vserver-init: is PID 1 of a virtual server and nothing else: see vserver-init(8)' ]]
}

@test "/run becomes a fresh tmpfs, /run/lock and /tmp belong to everybody" {
    echo 1 >"$root/run/stale.pid"
    rmdir "$root/tmp"
    service 'look root no /usr/bin/stat -f -c %T /run'
    service 'list root no /usr/bin/find /run /tmp -printf %p=%m\n'
    begin_server
    wait_for 'list: ended with status 0'
    wait_for '^tmpfs$'
    wait_for '^/run=755$'
    wait_for '^/run/lock=1777$'
    wait_for '^/tmp=1777$'
}

# ---------------------------------------------------------------------------------------------- the end

@test "SIGTERM from outside is a power off, SIGTERM from inside a reboot" {
    begin_server
    kill -TERM "$init"
    await_end 'signal INT'

    service 'reboot root no /bin/sh -c kill${IFS}-TERM${IFS}1'
    begin_server
    await_end 'signal HUP'
}

@test "every other signal of the table, from outside" {
    local row
    for row in INT:HUP HUP:HUP USR1:INT USR2:INT PWR:INT; do
        begin_server
        kill -"${row%:*}" "$init"
        await_end "signal ${row#*:}"
    done
}

@test "every other signal of the table, from inside" {
    local row
    for row in INT:HUP HUP:HUP USR1:INT USR2:INT PWR:INT; do
        service "ask root no /bin/sh -c kill\${IFS}-${row%:*}\${IFS}1"
        begin_server
        await_end "signal ${row#*:}"
    done
}

@test "busybox's reboot, poweroff and halt work" {
    require_feature program busybox
    local row
    for row in reboot:HUP poweroff:INT halt:INT; do
        service "ask root no /usr/bin/busybox ${row%:*}"
        begin_server
        await_end "signal ${row#*:}"
    done
}

@test "any other signal is nothing" {
    begin_server
    local signal
    for signal in QUIT ALRM PIPE WINCH CHLD TSTP ABRT RTMIN; do kill -"$signal" "$init"; done
    kill -USR2 "$init"
    await_end 'signal INT'
    (( $(wc -l <"$console") == 2 ))          # the wish, and how it ended
}

@test "services get SIGTERM and the time that they need" {
    printf 'trap "echo going; exit 0" TERM\necho ready\nwhile :; do sleep 0.05; done\n' >"$root/slow"
    service 'slow root yes /bin/sh /slow'
    grace=60000 begin_server
    wait_for '^ready$'
    kill -TERM "$init"
    await_end 'signal INT'
    grep -q '^going$' "$console"
    run ! grep -q 'killing them' "$console"
}

@test "a service that is stopped by SIGSTOP ends in time" {
    service 'frozen root no /bin/sleep 1000'
    grace=60000 begin_server
    wait_until child_of "$init" sleep
    kill -STOP "$(child_of "$init" sleep)"
    kill -TERM "$init"
    await_end 'signal INT'
    run ! grep -q 'killing them' "$console"
}

@test "what does not listen is killed after the grace, also what came in from outside" {
    printf 'trap "" TERM\necho ready\nwhile :; do sleep 1; done\n' >"$root/deaf"
    service 'deaf root no /bin/sh /deaf'
    grace=300 begin_server
    wait_for '^ready$'
    nsenter -t "$init" -U -p -m -r --preserve-credentials /bin/sh /deaf >"$BATS_TEST_TMPDIR/entered" 2>&1 3>&- &
    local entered=$!
    wait_until grep -q ready "$BATS_TEST_TMPDIR/entered"
    kill -TERM "$init"
    await_end 'signal INT'
    grep -q 'processes are left after the grace: killing them' "$console"
    wait "$entered" || (( $? == 137 ))
}

@test "outside has the last word while a reboot is under way" {
    printf 'trap "" TERM\nkill -INT 1\nwhile :; do sleep 1; done\n' >"$root/deaf"
    service 'deaf root no /bin/sh /deaf'
    grace=60000 begin_server
    wait_for 'reboot, asked from inside'
    kill -TERM "$init"
    kill -KILL "$(child_of "$init" sh)"
    await_end 'signal INT'
}

@test "SIGKILL of the init ends the server and everything in it" {
    service 'victim root yes /bin/sleep 1000'
    begin_server
    wait_for 'victim: started'
    kill -KILL "$init"
    await_end 'signal KILL'
}

# ---------------------------------------------------------------------------------------------- the console, memory

@test "a console that nobody empties does not hold the server up, whether it can be opened once more or not" {
    local full mode
    for mode in 0666 0600; do
        console=$BATS_TEST_TMPDIR/full.$mode
        mkfifo -m "$mode" "$console"
        exec {full}<>"$console"
        dd if=/dev/zero of="$console" bs=4096 count=16 oflag=nonblock status=none
        service 'mute root no /bin/true'
        begin_server
        kill -TERM "$init"
        wait_until eval '! kill -0 "$init"'
        dd if="$console" of=/dev/null bs=4096 count=16 iflag=fullblock status=none
        wait "$server"
        server=''
        exec {full}<&-
    done
}

@test "an idle init takes at most 100 KiB, averaged over twenty" {
    require_feature plain_program vserver-init
    local i pids=() sum=0
    for (( i = 0; i < 20; i++ )); do begin_server; pids+=("$init:$server"); done
    for i in "${pids[@]}"; do sum=$(( sum + $(awk '/^Pss:/ { print $2 }' "/proc/${i%:*}/smaps_rollup") )); done
    for i in "${pids[@]}"; do kill -TERM "${i%:*}"; wait "${i#*:}"; done
    server=
    echo "# vserver-init: $(( sum / 20 )) KiB" >&3
    (( sum <= 20 * 100 ))
}
