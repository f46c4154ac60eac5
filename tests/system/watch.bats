# guard watch: what changes in a server and should not is told as it happens.

load ../support/common
load ../support/servers
load ../support/tampering

setup_file() {
    build_victim
    begin_suite
}

setup() { servers=(); watcher=''; }

teardown() {
    [[ -z $watcher ]] || { kill "$watcher"; wait "$watcher" || true; }
    remove_servers
    rm -rf /run/vservers/.guard
    end_test
}

# A command that is run for each alert writes its arguments.
start_watch() {
    printf '#!/bin/sh\nprintf "%%s|" "$@" >>%s\n' "$BATS_TEST_TMPDIR/told" >"$BATS_TEST_TMPDIR/tell"
    chmod +x "$BATS_TEST_TMPDIR/tell"
    vserver guard watch --command "$BATS_TEST_TMPDIR/tell" >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
    watcher=$!
    wait_until vserver guard status
    inside web1 'echo ready >>/etc/f40'
    wait_until alerted file /etc/f40
}

# Arguments: kind, and what its sentence contains.
alerted() { vserver guard status --json | jq -e --arg kind "$1" --arg text "$2" '[.alerts[] | select(.kind == $kind and (.sentence | contains($text)))] | length > 0'; }
count_of() { vserver guard status --json | jq --arg text "$1" '[.alerts[] | select(.sentence | contains($text))] | length'; }

@test "a change is told with who made it, once, to the command and to status" {
    new_victim web1
    start_watch
    vserver web1 exec -- sh -c 'echo evil >>/usr/bin/p1; sleep 1000' </dev/null >/dev/null 2>&1 3>&- &
    wait_until alerted file /usr/bin/p1
    vserver guard status --json | jq -e '.runs and ([.alerts[] | select(.sentence == "modified /usr/bin/p1: content") | .who] | .[0] | test("host pid [0-9]+ \\("))'
    grep -qF 'web1|file|modified /usr/bin/p1: content|' "$BATS_TEST_TMPDIR/told"
    grep -q 'web1: file: modified /usr/bin/p1: content' "$BATS_TEST_TMPDIR/out"
    inside web1 'cp /bin/busybox /tmp/s; chmod 4755 /tmp/s; tamper capability /usr/bin/p2; rm -r /opt/d1'
    wait_until alerted file 'privileged /tmp/s'
    wait_until alerted file '/usr/bin/p2: a capability'
    wait_until alerted file 'removed /opt/d1'
    [ "$(count_of /usr/bin/p1)" -eq 1 ]
    run_vserver guard watch
    [ "$status" -eq 7 ]
}

@test "data being written is no alert, and what is changed back and again is told again" {
    new_victim web1
    start_watch
    inside web1 'echo x >/var/lib/data; echo x >/tmp/x; echo five >>/var/log/l1; chmod 600 /etc/f1'
    wait_until alerted file '/etc/f1: mode'
    [ "$(vserver guard status --json | jq '[.alerts[] | select(.sentence | test("/data|/tmp/x|/var/log"))] | length')" -eq 0 ]
    inside web1 'chmod 644 /etc/f1; chmod 600 /etc/f2'
    wait_until alerted file '/etc/f2: mode'
    inside web1 'chmod 600 /etc/f1'
    twice() { [ "$(count_of '/etc/f1: mode')" -eq 2 ]; }
    wait_until twice
}

@test "a new port, a program that is not of the image, and one of memory are told" {
    new_victim web1
    start_watch
    vserver web1 exec -- sh -c 'nc -l -p 4444' </dev/null >/dev/null 2>&1 3>&- &
    wait_until alerted port 'tcp 4444 is open now'
    vserver web1 exec -- sh -c 'cp /bin/busybox /tmp/sleep; exec /tmp/sleep 1000' </dev/null >/dev/null 2>&1 3>&- &
    wait_until alerted program "runs '/tmp/sleep', which is neither of the image nor accepted"
    vserver web1 exec -- sh -c 'cp /bin/busybox /tmp/sh; /tmp/sh -c "rm /tmp/sh; while :; do sleep 1; done"' </dev/null >/dev/null 2>&1 3>&- &
    wait_until alerted program 'a file without a name'
}

@test "events that the kernel had no room for have every server scanned" {
    new_victim web1
    start_watch
    kill -STOP "$watcher"
    # More names than the queue holds, in a place that is data; then one change that would be lost.
    inside web1 'mkdir /tmp/many; cd /tmp/many; i=0; while [ $i -lt 9000 ]; do : >$i; rm $i; i=$((i + 1)); done; echo x >>/etc/f9'
    kill -CONT "$watcher"
    wait_until alerted overflow 'every server is scanned'
    wait_until alerted file '/etc/f9: content'
}

@test "status says that no watch runs" {
    run_vserver guard status
    [ "$status" -eq 3 ]
    [ "$output" = 'guard watch does not run' ]
}
