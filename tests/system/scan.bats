# scan: what a server's root has done to its files, seen from outside.

load ../support/common
load ../support/servers
load ../support/tampering

setup_file() {
    build_victim
    begin_suite
}

setup() { servers=(); }
teardown() { remove_servers; end_test; }

@test "each of the corpus is reported, and what is none is not" {
    new_victim web1
    local deed expected report status=0 missed=0 count=0
    corpus >"$BATS_TEST_TMPDIR/corpus"
    while IFS= read -r line; do printf '( %s ) </dev/null >/dev/null 2>&1\n' "${line% \# *}"; done <"$BATS_TEST_TMPDIR/corpus" >"$BATS_TEST_TMPDIR/deeds"
    vserver web1 exec -- sh <"$BATS_TEST_TMPDIR/deeds"
    report=$(vserver web1 scan) || status=$?
    [ "$status" -eq 1 ]
    while IFS= read -r line; do
        deed=${line% \# *} expected=${line##* \# } count=$((count + 1))
        [[ $expected != nothing ]] || continue
        grep -qE -- "^  $expected" <<<"$report" && continue
        echo "not reported: $deed"
        missed=1
    done <"$BATS_TEST_TMPDIR/corpus"
    (( count >= 60 ))
    (( missed == 0 )) || { echo "$report"; return 1; }
    for path in f17 f23 f24 f25 plain data; do ! grep -E "/$path(:|\$)" <<<"$report"; done
    ! grep -E '/var/log/l[56]' <<<"$report"
    ! grep -q ' unknown ' <<<"${report#*$'\n'}"
}

# What was read within two ticks of its change is read once more: until everything is remembered.
remembers_all() { [[ $(vserver "$1" scan) == *', 0 read)' ]]; }

@test "a server that was built and started is as it was accepted" {
    new_victim web1
    wait_until remembers_all web1
    run_vserver web1 scan
    [ "$status" -eq 0 ]
    [[ $output == 'web1: OK (0 differences, 0 unknown; '*', 0 read)' ]]
    run_vserver scan --all --json
    [ "$status" -eq 0 ]
    [ "$(jq -r '[.servers[].verdict] | unique | join(",")' <<<"$output")" = OK ]
}

@test "a second store into a page that is dirty is seen" {
    new_victim web1
    mkfifo "$BATS_TEST_TMPDIR/in"
    vserver web1 exec -- tamper map /etc/f1 <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out" 3>&- &
    exec 7>"$BATS_TEST_TMPDIR/in"
    wait_until grep -q stored "$BATS_TEST_TMPDIR/out"
    run vserver web1 scan
    [[ $output == *'/etc/f1: content'* ]]
    vserver web1 accept /etc/f1
    vserver web1 scan
    echo >&7    # nothing is opened or written from here on, only stored
    two_stores() { [ "$(grep -c stored "$BATS_TEST_TMPDIR/out")" -eq 2 ]; }
    wait_until two_stores
    run_vserver web1 scan
    exec 7>&-
    wait
    [ "$status" -eq 1 ]
    [[ $output == *'/etc/f1: content'* ]]
}

@test "what is accepted is accepted, at the paths that were named and no other" {
    new_victim web1
    inside web1 'echo x >/etc/f1; rm /etc/f2; echo y >/opt/d1/new'
    run_vserver web1 accept /etc
    [ "$status" -eq 0 ]
    [[ $output == *'/etc/f1: content'* ]]
    run_vserver web1 scan
    [ "$status" -eq 1 ]
    [[ $output == *'/opt/d1/new'* && $output != *'/etc/'* ]]
    vserver web1 accept
    vserver web1 scan
    inside web1 'rm /opt/d1/new; echo z >/etc/f1'
    run_vserver web1 scan --json
    [ "$status" -eq 1 ]
    [ "$(jq -r '.servers[0].differences[] | "\(.change) \(.path)"' <<<"$output")" = $'modified /etc/f1\nremoved /opt/d1/new' ]
}

@test "what cannot be looked at makes the verdict UNKNOWN, never OK" {
    new_victim web1
    wait_until remembers_all web1
    run_vserver web1 scan --budget 0
    [ "$status" -eq 0 ]    # nothing has to be read
    inside web1 'cp /usr/lib/big /opt/d1/big'
    run_vserver web1 scan --budget 1M
    [ "$status" -eq 8 ]
    [[ $output == 'web1: UNKNOWN '* && $output == *'/opt/d1/big: there is more to read than the scan may'* ]]
    inside web1 'rm /opt/d1/big; cd /tmp; i=0; while [ $i -lt 300 ]; do mkdir d; cd d; i=$((i+1)); done'
    run_vserver web1 scan
    [ "$status" -eq 8 ]
    [[ $output == *'it is deeper than the scan goes'* ]]
}

@test "a baseline that somebody else wrote, changed or took away is not believed" {
    new_victim web1
    local guard=/var/lib/vservers/servers/web1/guard
    cp "$guard/accepted" "$BATS_TEST_TMPDIR/"
    sed -i 's|^/etc/f1 |/etc/f2 |; s/ 0 0 / 0 1 /' "$guard/accepted"
    run_vserver web1 scan
    [ "$status" -eq 8 ]
    [[ $output == *'its signature is wrong'* ]]
    sed 's/^vserver-guard 1 .\{64\}/vserver-guard 1 '"$(printf '%064d' 5)/" "$BATS_TEST_TMPDIR/accepted" >"$guard/accepted"
    run_vserver web1 scan
    [ "$status" -eq 8 ]
    [[ $output == *'another machine signed it'* ]]
    new_victim web2
    cp "/var/lib/vservers/servers/web2/guard/accepted" "$guard/accepted"
    run_vserver web1 scan
    [ "$status" -eq 8 ]
    rm "$guard/accepted"
    run_vserver web1 scan
    [ "$status" -eq 8 ]
    [[ $output == *'it has no baseline'* ]]
    vserver web1 accept
    vserver web1 scan
}

@test "a full scan finds an image that is not what was built" {
    new_victim web1
    run_vserver web1 scan --full
    [ "$status" -eq 0 ]
    local file=/var/lib/vservers/images/$victim_image/tree/etc/f30
    printf 'SETTING 30' >"$file"
    run_vserver web1 scan
    [ "$status" -eq 0 ]
    run_vserver web1 scan --full
    printf 'setting 30\n' >"$file"
    [ "$status" -eq 1 ]
    [[ $output == *'image:/etc/f30: content'* ]]
    run_vserver web1 scan    # it stays found until a full scan finds otherwise
    [ "$status" -eq 1 ]
    vserver web1 scan --full
    vserver web1 scan
}

@test "the surveyor can read the server's files and do nothing else" {
    new_victim web1
    inside web1 'mkdir /etc/secret; echo x >/etc/secret/x; chmod 000 /etc/secret/x /etc/secret; chown 33:34 /etc/secret/x'
    local trace=$BATS_TEST_TMPDIR/trace surveyor
    strace -f -o "$trace" -e trace=seccomp,landlock_restrict_self,chroot,capset,open,openat,openat2,socket,execve,execveat vserver web1 scan || true
    surveyor=$(awk '/landlock_restrict_self.* = 0/ { print $1 }' "$trace")
    [ -n "$surveyor" ]
    grep "^$surveyor " "$trace" >"$trace.all"
    grep -q 'chroot(' "$trace.all"
    sed -n '/seccomp(SECCOMP_SET_MODE_FILTER.* = 0/,$p' "$trace.all" >"$trace.after"
    grep -q 'openat2(.*RESOLVE_NO_MAGICLINKS|RESOLVE_NO_SYMLINKS|RESOLVE_BENEATH' "$trace.after"
    ! grep -E 'open\(|openat\(|socket\(|execve|O_WRONLY|O_RDWR|O_CREAT' "$trace.after"
    ! grep 'capset.* = -1' "$trace.all"
    [ "$(grep -o 'capset.*effective=[^,]*' "$trace.all" | tail -n 1 | sed 's/.*effective=//')" = '1<<CAP_DAC_READ_SEARCH' ]
    run_vserver web1 scan
    [[ $output == *'/etc/secret/x'* && $output == *'0 unknown'* ]]
}
