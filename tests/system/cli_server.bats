# The command line with servers: what is told about them, and what the host sees of them.

load ../support/common

setup_file() {
    vserver build web1 --from host --address 10.77.0.50 >/dev/null
    vserver build web2 --from host --address 10.77.0.51 >/dev/null
    for name in web1 web2; do    # what stays in /run after a first start is no leak
        vserver $name exec true
        vserver $name start >/dev/null
        vserver $name stop --kill >/dev/null
    done
    wait_until bash -c '! ip -o link | grep -q vs-'    # a cable ends with its namespace, a moment after the stop
    begin_suite
}

teardown() {
    vserver stop --all --kill >/dev/null
    end_test
}

@test "a second server from the same source stands on the same image" {
    run_vserver images --json
    [ "$(jq -r '.images | length' <<<"$output")" = 1 ]
    [ "$(jq -c '.images[0].servers' <<<"$output")" = '["web1","web2"]' ]
}

@test "start, stop and running are about one, several or all" {
    run_vserver web1 start
    [ "$status" -eq 0 ]
    [ "$output" = 'web1: started (context 100)' ]
    run_vserver running web1 web2
    [ "$status" -eq 3 ]
    [ "$output" = $'web1: running\nweb2: stopped' ]
    run_vserver start --all
    [ "$status" -eq 0 ]
    [ "$output" = 'web2: started (context 101)' ]
    run_vserver running --all
    [ "$status" -eq 0 ]
    run_vserver stop --running --kill
    [ "$output" = $'web1: stopped\nweb2: stopped' ]
    run_vserver web1 stop
    [ "$status" -eq 3 ]
    [ "$stderr" = "vserver: cannot stop 'web1': 'web1' is not running" ]
}

@test "a server that runs cannot be started again, deleted, or lose its image" {
    vserver web1 start
    run_vserver web1 start
    [ "$status" -eq 7 ]
    run_vserver web1 delete
    [ "$status" -eq 7 ]
    run_vserver images remove "$(vserver images --json | jq -r '.images[0].id')"
    [ "$status" -eq 7 ]
    run_vserver web1 build --from host --address 10.77.0.52
    [ "$status" -eq 7 ]
    vserver web1 running
}

@test "exec passes the command's own status, and keeps output and errors apart" {
    vserver web1 start
    run_vserver web1 exec sh -c 'exit 42'
    [ "$status" -eq 42 ]
    run -127 --separate-stderr vserver web1 exec nonexistent
    run_vserver web1 exec /etc/passwd
    [ "$status" -eq 126 ]
    run_vserver web1 exec -- sh -c 'kill -TERM $$'
    [ "$status" -eq 143 ]
    run_vserver web1 exec -u nosuchuser true
    [ "$status" -eq 125 ]
    run_vserver web1 exec -w /tmp -e A=b -u daemon -- sh -c 'echo $(id -un) $PWD $A; echo oops >&2'
    [ "$output" = 'daemon /tmp b' ]
    [ "$stderr" = oops ]
    run_vserver web1 suexec nobody id -un
    [ "$output" = nobody ]
    [ "$(echo text | vserver web1 exec cat)" = text ]
}

@test "passwd takes one line of input, on a stopped server too" {
    run_vserver web1 passwd <<<'first secret'
    [ "$status" -eq 0 ]
    vserver web1 exec sh -c 'grep ^root: /etc/shadow' >"$BATS_TEST_TMPDIR/first"
    vserver web1 start
    run_vserver web1 passwd <<<'second secret'
    [ "$status" -eq 0 ]
    run ! cmp <(vserver web1 exec sh -c 'grep ^root: /etc/shadow') "$BATS_TEST_TMPDIR/first"
    run_vserver web1 passwd <<<$'two\nlines'
    [ "$status" -eq 2 ]
    run_vserver web1 passwd nosuchuser <<<'secret'
    [ "$status" -eq 1 ]
}

@test "vserver-stat shows those that run" {
    vserver web1 start
    run --separate-stderr vserver-stat
    [ "${#lines[@]}" -eq 2 ]
    [[ ${lines[0]} == 'CTX  NAME  PROC'* ]]
    [[ ${lines[1]} == '100  web1 '*' 10.77.0.50' ]]
    run --separate-stderr vserver-stat --json
    [ "$(jq -r '.servers[].name' <<<"$output")" = web1 ]
    [ "$(jq '.servers[0].usage.memory_bytes > 0 and .servers[0].usage.cpu_microseconds > 0' <<<"$output")" = true ]
}

# The whole tree of web1 as the view shows it: type, mode, owner, size, link and content of every file.
fingerprint() {
    (cd "$1" && find . -xdev \( -path ./dev -o -path ./proc -o -path ./sys \) -prune -o -printf '%p %y %m %U:%G %l\n' | sort
     find . -xdev -type f -size -64k -print0 | sort -z | xargs -0 sha256sum)
}

@test "mount shows the whole tree with the ids on disk, read-only, running or not" {
    vserver web1 exec sh -c 'echo mine >/root/file; chown daemon /root/file; chmod 600 /etc/hosts; rm -f /etc/motd'
    run_vserver web1 mount
    [ "$output" = 'web1: mounted on /run/vservers/web1/root' ]
    [ "$(cat /run/vservers/web1/root/root/file)" = mine ]
    [ "$(stat -c %u /run/vservers/web1/root/root/file)" = 1 ]
    [ "$(stat -c %a /run/vservers/web1/root/etc/hosts)" = 600 ]
    [ ! -e /run/vservers/web1/root/etc/motd ]
    [[ $(findmnt -no OPTIONS /run/vservers/web1/root) == ro,nosuid,nodev,noexec* ]]
    run ! touch /run/vservers/web1/root/new
    run ! setpriv --reuid 1 --clear-groups ls /run/vservers/web1/root
    run_vserver web1 mount
    [ "$status" -eq 7 ]
    fingerprint /run/vservers/web1/root >"$BATS_TEST_TMPDIR/stopped"
    vserver web1 umount
    run_vserver web1 umount
    [ "$status" -eq 1 ]

    mkdir "$BATS_TEST_TMPDIR/view"
    chmod 700 "$BATS_TEST_TMPDIR"
    vserver web1 exec sh -c 'rm /root/file'
    vserver web1 start
    vserver web1 mount "$BATS_TEST_TMPDIR/view"
    [ ! -e "$BATS_TEST_TMPDIR/view/root/file" ]
    [ "$(stat -c %u "$BATS_TEST_TMPDIR/view/bin/su")" = 0 ]
    vserver web1 umount "$BATS_TEST_TMPDIR/view"
    [ -z "$(ls "$BATS_TEST_TMPDIR/view")" ]
}

@test "a view is mounted where nobody but root decides that it goes" {
    local dir=$BATS_TEST_TMPDIR
    mkdir "$dir/place" "$dir/theirs" "$dir/theirs/place"
    chown 1234 "$dir/theirs"
    ln -s place "$dir/link"
    mkdir -m 1777 "$dir/sticky"
    mkdir "$dir/sticky/place"
    for place in "$dir/link" "$dir/theirs" "$dir/theirs/place" /proc/self/cwd; do
        run_vserver web1 mount "$place"
        [ "$status" -ne 0 ] || { echo "$place"; return 1; }
        run ! findmnt "$place"
    done
    chmod 757 "$dir/theirs"; chown 0 "$dir/theirs"
    run_vserver web1 mount "$dir/theirs/place"
    [[ $stderr == *"others may write '$dir/theirs'"* ]]
    vserver web1 mount "$dir/sticky/place/"
    findmnt "$dir/sticky/place"
    ln -s sticky "$dir/way"
    run_vserver web1 umount "$dir/way/place"
    [[ $status -eq 4 && $stderr == *"'$dir/way' is a link"* ]]
    chown 1234 "$dir/sticky"
    run_vserver web1 umount "$dir/sticky/place"
    [[ $status -eq 4 && $stderr == *"'$dir/sticky' belongs to user 1234"* ]]
    findmnt "$dir/sticky/place"
    chown 0 "$dir/sticky"
    vserver web1 exec chown daemon /
    vserver web1 umount "$dir/sticky/place"
    run ! findmnt "$dir/sticky/place"
    vserver web1 mount "$dir/sticky/place"          # what the guest's own root belongs to keeps nobody from unmounting it
    [ "$(stat -c %u "$dir/sticky/place")" = 1 ]
    vserver web1 umount "$dir/sticky/place/"
    run ! findmnt "$dir/sticky/place"
    run_vserver web1 umount "$dir/sticky/place"
    [[ $status -eq 1 && $stderr == *'is not mounted on'* ]]
    vserver web1 exec chown root /
}

@test "a view shows volumes, and follows no link that a guest has put in their place" {
    sed -i 's|^#volumes = .*|volumes = ["/srv/data"]|' /etc/vservers/web2.toml
    vserver web2 exec sh -c 'echo kept >/srv/data/file'
    vserver web2 mount
    [ "$(cat /run/vservers/web2/root/srv/data/file)" = kept ]
    [[ $(findmnt -no OPTIONS /run/vservers/web2/root/srv/data) == ro,nosuid,nodev,noexec* ]]
    vserver web2 umount
    sed -i 's|^volumes = .*|#volumes = []|' /etc/vservers/web2.toml
    vserver web2 exec sh -c 'rmdir /srv/data; ln -s /etc /srv/data'
    sed -i 's|^#volumes = .*|volumes = ["/srv/data"]|' /etc/vservers/web2.toml
    run_vserver web2 mount
    [ "$status" -eq 1 ]
    [ -z "$(ls /run/vservers/web2/root)" ]
    sed -i 's|^volumes = .*|#volumes = []|' /etc/vservers/web2.toml
    rmdir /run/vservers/web2/root
}

@test "check finds what is wrong with one server and nothing with the other" {
    run_vserver web1 check --json
    [ "$status" -eq 0 ]
    [ "$(jq -r '.servers[0].findings[] | select(.subject == "init").text' <<<"$output")" = "systemd $(dpkg-query -W -f '${Version}' systemd | cut -d. -f1)" ]
    ip address add 10.77.0.51/32 dev eth0
    run_vserver check web1 web2
    [ "$status" -eq 1 ]
    [[ $output == *'web2: BAD  addresses    10.77.0.51 is in use by the host'* ]]
    [[ $output != *'web1: BAD'* ]]
    ip address del 10.77.0.51/32 dev eth0
}

@test "files lists what makes the server: copied elsewhere, it is all there" {
    run_vserver web1 files
    [ "$status" -eq 0 ]
    for file in "${lines[@]}"; do [ -e "$file" ]; done
    [[ $output == */etc/vservers/web1.toml* ]]
}

@test "a build that is interrupted leaves nothing" {
    ls /var/lib/vservers/images >"$BATS_TEST_TMPDIR/before"
    vserver build web3 --from host --packages "$(dpkg-query -W -f '${Package}\n' | grep -x -m1 -e git -e perl -e python3)" --address 10.77.0.52 &
    wait_until find /var/lib/vservers/staging -mindepth 1 -print -quit
    kill -INT $!
    wait $! && [ -e /etc/vservers/web3.toml ] && vserver web3 delete
    run ! test -e /etc/vservers/web3.toml
    [ -z "$(ls /var/lib/vservers/staging)" ]
    [ ! -e /var/lib/vservers/servers/web3 ]
}

@test "delete takes everything along" {
    vserver build web3 --image "$(vserver images --json | jq -r '.images[0].id')" --address 10.77.0.52
    vserver web3 start
    vserver web3 mount
    vserver web3 stop
    run_vserver web3 delete </dev/null
    [ "$output" = 'web3: deleted' ]
    [ -z "$(find /etc/vservers /var/lib/vservers /run/vservers -path '*web3*')" ]
}
