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

# A command that is run for each alert writes its arguments; "silent": there is none.
start_watch() {
    local -a command=(--command "$BATS_TEST_TMPDIR/tell")
    [[ ${1:-} != silent ]] || command=()
    printf '#!/bin/sh\nprintf "%%s|" "$@" >>%s\n' "$BATS_TEST_TMPDIR/told" >"$BATS_TEST_TMPDIR/tell"
    chmod +x "$BATS_TEST_TMPDIR/tell"
    vserver guard watch "${command[@]}" >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
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
    inside web1 'cp /bin/busybox /tmp/s; chmod 4755 /tmp/s; tamper capability /usr/bin/p2; rm -r /opt/d1; echo x >/etc/new'
    wait_until alerted file 'privileged /tmp/s'
    wait_until alerted file '/usr/bin/p2: a capability'
    wait_until alerted file 'removed /opt/d1'
    wait_until alerted file 'added /etc/new'
    vserver guard status --json | jq -e '.alerts | all(.sentence | test("^:|: *$") | not)'    # no empty half
    [ "$(count_of /usr/bin/p1)" -eq 1 ]
    run_vserver guard watch
    [ "$status" -eq 7 ]
}

@test "who made a change is told with the program's inode and digest, and the control group" {
    new_victim web1
    start_watch
    vserver web1 exec -- sh -c 'cp /bin/busybox /tmp/sh; exec /tmp/sh -c "echo evil >>/etc/f2; sleep 1000; :"' </dev/null >/dev/null 2>&1 3>&- &
    wait_until alerted file '/etc/f2: content'
    wait_until alerted program "runs '/tmp/sh'"
    local who digest pid
    who=$(vserver guard status --json | jq -r '[.alerts[] | select(.sentence | contains("/etc/f2: content")) | .who][0]')
    echo "$who"    # who copied it may be among them
    [[ $who =~ host\ pid\ ([0-9]+)\ \(/tmp/sh,\ inode\ ([0-9]+),\ BLAKE2b\ ([0-9a-f]{64}),\ group\ ([^\)]+)\) ]]
    pid=${BASH_REMATCH[1]}
    [ "${BASH_REMATCH[2]}" = "$(stat -Lc %i "/proc/$pid/exe")" ]
    [[ ${BASH_REMATCH[4]} == */web1/* && ${BASH_REMATCH[4]} == *"$(sed -n 's/^0:://p' "/proc/$pid/cgroup")" ]]
    # What the surveyor has read of the same file.
    digest=$(vserver guard status --json | jq -r '[.alerts[] | select(.sentence | contains("/tmp/sh")) | .sentence | capture("BLAKE2b is (?<digest>[0-9a-f]+)").digest][0]')
    [ "${BASH_REMATCH[3]}" = "$digest" ]
    host_records web1 | grep -qF "by $who"
}

@test "who digests the program of a stranger can open nothing" {
    new_victim web1
    start_watch
    local trace=$BATS_TEST_TMPDIR/trace digester
    strace -f -s 200 -p "$watcher" -o "$trace" -e trace='!futex' 3>&- &
    local tracer=$!
    wait_until grep -q . "$trace"
    vserver web1 exec -- sh -c 'cp /bin/busybox /tmp/sh; exec /tmp/sh -c "echo evil >>/etc/f2; sleep 1000; :"' </dev/null >/dev/null 2>&1 3>&- &
    WAIT_SECONDS=60 wait_until alerted file '/etc/f2: content'
    kill "$tracer"
    wait "$tracer" || true
    digester=$(awk '/execve(at)?\(.*vserver-onlooker", "digest"/ { print $1; exit }' "$trace")
    [ -n "$digester" ]
    grep "^$digester " "$trace" | sed -n '/seccomp(SECCOMP_SET_MODE_FILTER.* = 0/,$p' >"$trace.after"
    grep -q 'pread64(3' "$trace.after"
    ! grep -E 'open|socket\(|connect|exec|kill\(|ptrace|clone|fork' "$trace.after" || false
    [ "$(grep "^$digester " "$trace" | grep -o 'capset.*effective=[^,]*' | tail -n 1 | sed 's/.*effective=//')" = 0 ]
    grep "^$digester " "$trace" | grep -q 'landlock_restrict_self(.* = 0'
}

@test "a program that is too large to be digested is told as that" {
    new_victim web1
    start_watch
    vserver web1 exec -- sh -c 'cp /bin/busybox /tmp/sh; yes | head -c 70000000 >>/tmp/sh; exec /tmp/sh -c "echo evil >>/etc/f3; sleep 1000; :"' </dev/null >/dev/null 2>&1 3>&- &
    WAIT_SECONDS=90 wait_until alerted file '/etc/f3: content'
    vserver guard status --json | jq -r '.alerts[] | select(.sentence | contains("/etc/f3: content")).who' | grep -q '(/tmp/sh, inode [0-9]*, BLAKE2b unknown: .*more to read'
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
    local reader
    reader=$(reader_of "$watcher")
    kill -STOP "$watcher" "$reader"
    # More names than the queue holds, in a place that is data; then one change that would be lost.
    inside web1 'mkdir /tmp/many; cd /tmp/many; i=0; while [ $i -lt 9000 ]; do : >$i; rm $i; i=$((i + 1)); done; echo x >>/etc/f9'
    kill -CONT "$watcher" "$reader"
    wait_until alerted overflow 'every server is scanned'
    wait_until alerted file '/etc/f9: content'
}

@test "every alert is in the server's sealed log, as the host's word" {
    new_victim web1
    start_watch
    inside web1 'echo evil >>/usr/bin/p1; echo "guard: file: forged" >/dev/console'
    wait_until alerted file /usr/bin/p1
    local records
    records=$(host_records web1)
    grep -q '^guard: file: modified /usr/bin/p1: content' <<<"$records"
    ! grep -q forged <<<"$records" || false
    wait_until log_is_good web1
}

@test "a watch that was killed tells, once it runs again, what has changed meanwhile" {
    new_victim web1
    start_watch
    kill -KILL "$watcher"
    wait "$watcher" || true
    inside web1 'echo x >>/etc/f7'
    start_watch
    wait_until alerted file '/etc/f7: content'
}

@test "a reader of events that was killed is started again, and every server is scanned" {
    new_victim web1
    start_watch
    local reader
    reader=$(reader_of "$watcher")
    sleep 1.1    # one that lives for less is not started again
    kill -KILL "$reader"
    wait_until alerted overflow 'the reader of file events has ended'
    inside web1 'echo x >>/etc/f8'
    wait_until alerted file '/etc/f8: content'
    [ "$(reader_of "$watcher")" != "$reader" ]
}

@test "a server with very much to tell is told of so often, and then as one that has more" {
    require_feature plain_program vserver    # 600 in a minute
    new_victim web1
    start_watch silent    # a busy machine does not start 600 commands in a minute
    inside web1 'i=0; while [ $i -lt 900 ]; do : >/etc/many$i; i=$((i + 1)); done'
    WAIT_SECONDS=60 wait_until alerted overflow 'more to tell'
    (( $(vserver guard status --json | jq '[.alerts[] | select(.server == "web1")] | length') <= 600 ))
}

@test "what lies too deep to have a path escapes neither the events nor the programs" {
    new_victim web1
    start_watch
    vserver web1 exec -- sh -c 'cd /tmp; i=0; while [ $i -lt 20 ]; do d=$(printf %0250d 0); mkdir $d; cd -P $d; i=$((i + 1)); done
                                cp /bin/busybox sleep; exec ./sleep 1000' </dev/null >/dev/null 2>&1 3>&- &
    wait_until alerted program "runs '(its path is too long to be told)', a file without a name"
    wait_until alerted overflow 'too deep to be named'
}

# -------------------------------------------------------------------------------------------------------------- confined

reader_of() { pgrep -P "$1" -f 'vserver-onlooker events'; }
field() { sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status"; }

@test "who reads events is nobody else, may ask for names alone, and opens nothing" {
    require_feature plain_program vserver
    new_victim web1
    start_watch
    local reader uid
    reader=$(reader_of "$watcher")
    uid=$((0x6ff10000))
    [ "$(field "$reader" Uid)" = "$uid"$'\t'"$uid"$'\t'"$uid"$'\t'"$uid" ]
    [ "$(field "$reader" Gid)" = "$uid"$'\t'"$uid"$'\t'"$uid"$'\t'"$uid" ]
    [ -z "$(field "$reader" Groups | tr -d ' ')" ]
    for set in CapPrm CapEff CapBnd; do [ "$(field "$reader" $set)" = 0000000000000004 ]; done    # CAP_DAC_READ_SEARCH
    for set in CapInh CapAmb; do [ "$(field "$reader" $set)" = 0000000000000000 ]; done
    [ "$(field "$reader" NoNewPrivs)" = 1 ]
    [ "$(field "$reader" Seccomp)" = 2 ]
    [ "$(ls "/proc/$reader/fd" | sort -n | tail -n 1)" = 5 ]
    local trace=$BATS_TEST_TMPDIR/trace
    strace -p "$reader" -o "$trace" 3>&- &
    local tracer=$!
    wait_until grep -q . "$trace"
    inside web1 'echo x >>/etc/f10'
    wait_until alerted file '/etc/f10: content'
    kill "$tracer"
    wait "$tracer" || true
    grep -q 'open_by_handle_at(4, .*O_RDONLY|O_CLOEXEC|O_PATH) = ' "$trace"
    ! grep -E '^(open|openat|openat2|socket|connect|execve|kill|clone|clone3|fork)\(' "$trace" || false
}

@test "the watch has eleven capabilities, and opens no file by a path of the server's choice" {
    new_victim web1
    start_watch
    # chown, dac_override, dac_read_search, fowner, kill, setgid, setuid, setpcap, sys_chroot, sys_ptrace, sys_admin
    for set in CapPrm CapEff CapBnd; do [ "$(field "$watcher" $set)" = 00000000002c01ef ]; done
    local trace=$BATS_TEST_TMPDIR/trace
    strace -p "$watcher" -o "$trace" -e trace=open,openat,openat2,execve 3>&- &
    local tracer=$!
    wait_until grep -q . "$trace"
    vserver web1 exec -- sh -c 'cp /bin/busybox /tmp/sleep; exec /tmp/sleep 1000' </dev/null >/dev/null 2>&1 3>&- &
    wait_until alerted program "runs '/tmp/sleep', which is neither of the image nor accepted; its BLAKE2b is "
    kill "$tracer"
    wait "$tracer" || true
    ! grep -F tmp/sleep "$trace" || false
}

@test "a program that was accepted is told of again when its content is another" {
    new_victim web1
    inside web1 'cp /bin/busybox /usr/local/bin/sleep'
    vserver web1 accept >/dev/null
    start_watch
    vserver web1 exec -- /usr/local/bin/sleep 1000 </dev/null >/dev/null 2>&1 3>&- &
    inside web1 'cp /bin/busybox /usr/local/bin/nc; printf x >>/usr/local/bin/nc'
    vserver web1 accept >/dev/null
    inside web1 'printf y >>/usr/local/bin/nc'
    vserver web1 exec -- /usr/local/bin/nc -l -p 5555 </dev/null >/dev/null 2>&1 3>&- &
    wait_until alerted program "runs '/usr/local/bin/nc'"
    [ "$(vserver guard status --json | jq '[.alerts[] | select(.sentence | contains("/usr/local/bin/sleep"))] | length')" -eq 0 ]
}

@test "a server that runs and whose settings are damaged or lost is told of as unknown" {
    new_victim web1
    start_watch
    cp -a /etc/vservers/web1.toml "$BATS_TEST_TMPDIR/"
    echo nonsense >/etc/vservers/web1.toml
    wait_until alerted unknown /etc/vservers/web1.toml
    rm /etc/vservers/web1.toml
    wait_until alerted unknown "'web1' has files but no settings"
    cp -a "$BATS_TEST_TMPDIR/web1.toml" /etc/vservers/
}

@test "status says that no watch runs" {
    run_vserver guard status
    [ "$status" -eq 3 ]
    [ "$output" = 'guard watch does not run' ]
}
