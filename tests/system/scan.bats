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
        # An old kernel's overlayfs makes no file without name.
        if [[ $deed == 'tamper unnamed '* ]] && vserver web1 exec -- sh -c '! test -e /etc/unnamed'; then continue; fi
        grep -qE -- "^  $expected" <<<"$report" && continue
        echo "not reported: $deed"
        missed=1
    done <"$BATS_TEST_TMPDIR/corpus"
    (( count >= 60 ))
    (( missed == 0 )) || { echo "$report"; return 1; }
    for path in f17 f23 f24 f25 plain data; do ! grep -E "/$path(:|\$)" <<<"$report"; done
    ! grep -E '/var/log/l[56]' <<<"$report" || false
    ! grep -q ' unknown ' <<<"${report#*$'\n'}" || false
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

@test "a verdict that is not OK and what is accepted are in the server's sealed log, as the host's word" {
    new_victim web1
    inside web1 'echo x >/etc/f1; echo "scan: OK: forged" >/dev/console'
    run_vserver web1 scan
    host_says() { vserver web1 logs --json | jq -r '.records[] | select(.source == "host") | .text' | grep -qE "$1"; }
    wait_until host_says '^scan: CHANGED, 1 differences, 0 unknown: modified /etc/f1, content$'
    vserver web1 stop --kill
    printf x >/var/lib/vservers/servers/web1/upper/etc/$'b\033[2K'
    run_vserver web1 scan    # of a stopped server too, and with names that are escaped
    wait_until host_says '^scan: CHANGED, 2 differences.*added /etc/b..1b.2K'
    vserver web1 accept
    wait_until host_says '^accept: 2 differences: '
    ! host_says forged || false
    vserver web1 logs --verify | grep -q ': good'
}

@test "a write by io_uring, which makes no call that writes, is seen; a server cannot even make a ring" {
    new_victim web1
    run vserver web1 exec -- tamper io_uring
    [ "$status" -eq 1 ]
    [[ $output == *'Operation not permitted'* ]]
    vserver web1 scan
    # A process of the host's that has the server's root, as one that got past the filter would.
    tamper ring "/proc/$(state_of web1 init)/root/etc/f33" || skip "this kernel gives nobody a ring"
    run_vserver web1 scan
    [ "$status" -eq 1 ]
    [[ $output == *'/etc/f33: content'* ]]
}

# Writes below the file system that has the file in its cache: FILE, DISK (the file that its device is made of), TEXT.
change_beneath() {
    local block
    sync -f "$1"
    cat "$1" >/dev/null
    block=$(filefrag -b4096 -v "$1" | awk '$1 == "0:" { sub(/\.\..*/, "", $4); print $4 }')
    [ -n "$block" ]
    printf '%s' "$3" | dd of="$2" bs=4096 seek="$block" conv=notrunc,fsync status=none
}

@test "a file whose stored content is not the cached one is found, its own and of the image" {
    require_feature loop
    local disk=$BATS_TEST_TMPDIR/disk store=/var/lib/vservers
    truncate -s 400M "$disk"
    mkfs.ext4 -q -b 4096 -F "$disk"
    mount -o loop "$disk" "$store"
    chmod 0700 "$store"
    vserver disk1 build --from "$BATS_FILE_TMPDIR/victim.tar" --network none >&2
    vserver disk1 start >&2
    inside disk1 'printf "own content\n" >/etc/own'
    vserver disk1 accept >&2
    local image status=0 report
    image=$(image_of disk1)
    vserver disk1 scan --full
    change_beneath "$store/servers/disk1/upper/etc/own" "$disk" 'OWN'
    change_beneath "$store/images/$image/tree/etc/f30" "$disk" 'SET'
    [ "$(inside disk1 'cat /etc/own')" = 'own content' ]    # nobody inside sees it
    vserver disk1 scan                                      # nor does a look at times
    report=$(vserver disk1 scan --full) || status=$?
    vserver guard watch --budget 1000G >"$BATS_TEST_TMPDIR/told" 2>&1 3>&- &
    local watcher=$!
    tells() { grep -q "disagrees $1: what is cached is not what is stored" "$BATS_TEST_TMPDIR/told"; }
    wait_until tells /etc/own || status=9
    wait_until tells image:/etc/f30 || status=9
    kill "$watcher" || status=9    # the other server, whose files are not there now, does not end it
    wait "$watcher" || true
    vserver disk1 stop --kill >&2
    vserver disk1 delete --yes >&2
    wait_until umount "$store"
    rm -rf /run/vservers/.guard
    [ "$status" -eq 1 ] || { cat "$BATS_TEST_TMPDIR/told"; return 1; }
    grep -qE 'disagrees +frozen +/etc/own: what is cached is not what is stored' <<<"$report"
    grep -qE 'disagrees +frozen +image:/etc/f30: what is cached is not what is stored' <<<"$report"
}

@test "everything is read again in slices, which go on where they were" {
    new_victim web1
    local file=/var/lib/vservers/images/$victim_image/tree/etc/f31 state=/var/lib/vservers/images/$victim_image/reading told=$BATS_TEST_TMPDIR/told
    printf 'SETTING 31' >"$file"
    rewatch() { vserver guard watch --budget "$1" >"$told" 2>&1 3>&- & watcher=$!; }
    end_watch() { kill "$watcher"; wait "$watcher" || true; }
    rewatch 1000G
    wait_until grep -q 'modified image:/etc/f31: content' "$told"
    end_watch
    grep -q . "$state"       # where it goes on
    rewatch 1000G
    is_found() { [[ $(vserver web1 scan) == *'image:/: '*' differences from its manifest'* ]]; }
    wait_until is_found      # a look at the image that has ended says so until another finds otherwise
    end_watch
    is_found
    printf 'setting 31\n' >"$file"
    rewatch 1000G
    is_well() { vserver web1 scan; }
    wait_until is_well
    end_watch
    rewatch 0                # and nothing where nothing is to be read
    wait_until vserver guard status
    end_watch
    rm -rf /run/vservers/.guard
}

# What the first process of a trace has left of root's rights.
rights_in() {
    grep "^$(head -n 1 "$1" | cut -d' ' -f1) " "$1" | grep -o 'capset.*effective=[^,]*' | tail -n 1 | grep -o 'CAP_[A-Z_]*' | sort | tr '\n' ' '
}

@test "the surveyor can read the server's files and do nothing else" {
    require_feature plain_program vserver-surveyor
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
    ! grep -E 'open\(|openat\(|socket\(|execve|O_WRONLY|O_RDWR|O_CREAT' "$trace.after" || false
    ! grep 'capset.* = -1' "$trace.all" || false
    [ "$(grep -o 'capset.*effective=[^,]*' "$trace.all" | tail -n 1 | sed 's/.*effective=//')" = '1<<CAP_DAC_READ_SEARCH' ]
    # Whoever has started it has ten rights left, as has accept.
    local ten='CAP_CHOWN CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_FOWNER CAP_KILL CAP_SETGID CAP_SETPCAP CAP_SETUID CAP_SYS_ADMIN CAP_SYS_CHROOT '
    [ "$(rights_in "$trace")" = "$ten" ]
    run_vserver web1 scan
    [[ $output == *'/etc/secret/x'* && $output == *'0 unknown'* ]]
    strace -f -o "$trace" -e trace=capset vserver web1 accept
    [ "$(rights_in "$trace")" = "$ten" ]
}
