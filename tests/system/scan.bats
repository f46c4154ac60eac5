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

# What guest root does, and the line that the host must report (a regular expression; "nothing": no line about it).
corpus() {
    cat <<'END'
echo x >>/etc/f1 # modified +frozen +/etc/f1: content
printf 'SETTING 2\n' >/etc/f2 # modified +frozen +/etc/f2: content
touch -r /etc/f4 /tmp/ref; printf 'SETTING 3\n' >/etc/f3; touch -r /tmp/ref /etc/f3 # modified +frozen +/etc/f3: content
printf 'SETTING 4\n' >/etc/f4; touch -d @1 /etc/f4 # modified +frozen +/etc/f4: content
echo evil >>/usr/bin/p1 # modified +packages +/usr/bin/p1: content
chmod 4755 /usr/bin/p2 # modified +packages +/usr/bin/p2: mode 0755 -> 4755
chmod 2755 /usr/bin/p3 # modified +packages +/usr/bin/p3: mode 0755 -> 2755
chmod 666 /etc/f5 # modified +frozen +/etc/f5: mode 0644 -> 0666
chown 33:34 /etc/f6 # modified +frozen +/etc/f6: owner 0:0 -> 33:34
tamper capability /usr/bin/p4 # modified +packages +/usr/bin/p4: a capability
tamper acl /etc/f7 # modified +frozen +/etc/f7: .*extended attributes
rm /etc/f8 # removed +frozen +/etc/f8
rm /usr/bin/p5 # removed +packages +/usr/bin/p5
rm -r /opt/d1 # removed +frozen +/opt/d1: directory
rm -r /opt/d2; mkdir /opt/d2; echo other >/opt/d2/x # replaced +frozen +/opt/d2
mv /opt/d3 /opt/e3 # moved +frozen +/opt/e3: from
mv /opt/d4 /opt/e4 # removed +frozen +/opt/d4
mv /etc/f9 /etc/f9b # added +frozen +/etc/f9b
mv /etc/f10 /etc/f10b # removed +frozen +/etc/f10
tamper exchange /etc/f11 /etc/f12 # modified +frozen +/etc/f11: content
rm /etc/f13; ln -s /tmp/f13 /etc/f13 # modified +frozen +/etc/f13: file -> link
rm -r /opt/d5; echo x >/opt/d5 # modified +frozen +/opt/d5: directory -> file
ln -sfn /tmp/elsewhere /etc/link # modified +frozen +/etc/link: target f1 -> /tmp/elsewhere
mkfifo /etc/fifo # added +frozen +/etc/fifo: fifo
tamper socket /etc/socket # added +frozen +/etc/socket: socket
rm /etc/f14; mkfifo /etc/f14 # modified +frozen +/etc/f14: file -> fifo
mkdir '/etc/.. '; echo x >'/etc/.. /hidden' # added +frozen +/etc/\.\. /hidden
echo x >/etc/$(printf 'a\nok     web1') # added +frozen +/etc/a\\nok     web1
echo x >/etc/$(printf 'b\033[2K') # added +frozen +/etc/b\\x1b\[2K
echo x >/etc/$(printf '%0250d' 7) # added +frozen +/etc/0+7
echo x >/etc/ld.so.preload # added +frozen +/etc/ld.so.preload
echo x >/etc/cron.d/job # added +frozen +/etc/cron.d/job
echo x >/var/spool/cron/root # added +frozen +/var/spool/cron/root
mkdir -p /home/u/.ssh; echo key >/home/u/.ssh/authorized_keys # added +frozen +/home/u/.ssh/authorized_keys
echo x >/root/.profile # added +frozen +/root/.profile
mkdir -p /usr/local/bin; cp /usr/bin/p6 /usr/local/bin/ls # added +frozen +/usr/local/bin/ls
mkdir /usr/lib/new; echo x >/usr/lib/new/x.so # added +packages +/usr/lib/new/x.so
cp /bin/busybox /tmp/s; chmod 4755 /tmp/s # privileged +ignored +/tmp/s: privileged, mode 4755
cp /bin/busybox /var/tmp/g; chmod 2755 /var/tmp/g # privileged +ignored +/var/tmp/g: privileged, mode 2755
cp /bin/busybox /tmp/c; tamper capability /tmp/c # privileged +ignored +/tmp/c: .*a capability
mkdir -p /home/u/a/b/c; cp /bin/busybox /home/u/a/b/c/s; chmod 6755 /home/u/a/b/c/s # privileged +ignored +/home/u/a/b/c/s
cp /bin/busybox /var/log/s; chmod 4755 /var/log/s # privileged +growing +/var/log/s
cp /bin/busybox /etc/x; chmod 4755 /etc/x; ln /etc/x /tmp/linked # privileged +ignored +/tmp/linked
echo 'x' | tamper map /etc/f15 # modified +frozen +/etc/f15: content
tamper unnamed /etc/unnamed # added +frozen +/etc/unnamed
tamper copy /etc/f17 /etc/f16 # nothing
tamper copy /etc/group /etc/f18 # modified +frozen +/etc/f18: content
tamper punch /usr/lib/big # modified +packages +/usr/lib/big: content
truncate -s 100 /etc/f19 # modified +frozen +/etc/f19: content
truncate -s 0 /etc/f20 # modified +frozen +/etc/f20: content
dd if=/dev/zero of=/etc/huge bs=1 count=1 seek=1099511627776 # added +frozen +/etc/huge
ln /etc/f21 /etc/f21b # added +frozen +/etc/f21b
unshare -r sh -c 'echo x >>/etc/f22' # modified +frozen +/etc/f22: content
chmod 1777 /opt/d6 # modified +frozen +/opt/d6: mode 0755 -> 1777
chown 33 /opt/d7 # modified +frozen +/opt/d7: owner 0:0 -> 33:0
echo x >/srv/vol/page # added +frozen +/srv/vol/page
cp /bin/busybox /srv/vol/s; chmod 4755 /srv/vol/s # added +frozen +/srv/vol/s: privileged
truncate -s 5 /var/log/l1 # rewritten +growing +/var/log/l1
sed -i s/two/TWO/ /var/log/l2; cat /var/log/l2 >/var/log/new; cat /var/log/new >/var/log/l2 # nothing
dd if=/etc/f1 of=/var/log/l3 bs=3 count=1 conv=notrunc # rewritten +growing +/var/log/l3
rm /var/log/l4 # removed +growing +/var/log/l4
echo five >>/var/log/l5 # nothing
mv /var/log/l6 /var/log/l6.1; echo new >/var/log/l6 # nothing
echo x >/tmp/plain; echo x >/var/lib/data; echo x >/srv/data/x # nothing
touch /etc/f23 # nothing
chmod 600 /etc/f24; chmod 644 /etc/f24 # nothing
cp -p /etc/f25 /etc/f25.new; mv /etc/f25.new /etc/f25 # nothing
END
}

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
