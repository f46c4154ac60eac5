# shellcheck shell=bash
# A server's namespaces around its init alone (tests/programs/small_server.cpp). Each test makes a root, adds services,
# begins the server, and waits for lines on its console.

readonly first_id=2130706432          # 0x7f000000, as in small_server.cpp

# A root below the test's directory: the machine's /usr, accounts of its own, owned by the server's root.
make_root() {
    root=$BATS_TEST_TMPDIR/root pid_file=$BATS_TEST_TMPDIR/pid console=$BATS_TEST_TMPDIR/console server=''
    mkdir -p "$root"/{usr,dev,proc,run,etc,tmp,srv/web}
    touch "$root/dev/null"
    : >"$BATS_TEST_TMPDIR/services"
    local dir
    for dir in bin sbin lib lib64; do ln -s "usr/$dir" "$root/$dir"; done
    printf '%s\n' 'root:x:0:0:root:/root:/bin/sh' 'daemon:x:1:1::/:/bin/sh' 'broken:x:0' '1000:x:0:0::/:/bin/sh' \
        'web:x:33:34::/srv/web:' >"$root/etc/passwd"
    printf '%s\n' 'root:x:0:' 'adm:x:4:web' 'www:x:34:' 'ssl:x:102:other,web' 'bad:x:-5:web' >"$root/etc/group"
}

# service 'NAME USER yes|no WORD...': one more for the next server.
service() { echo "$1" >>"$BATS_TEST_TMPDIR/services"; }

# Sets init, the host's pid of the server's PID 1, and server, the small-server around it.
begin_server() {
    rm -f "$pid_file"
    [[ -p $console ]] || : >"$console"
    chown -hR "$first_id:$first_id" "$root"
    small-server "$VSERVER_LIBEXEC/vserver-init" "$root" "${grace:-10000}" "$pid_file" \
        <"$BATS_TEST_TMPDIR/services" >>"$console" 2>&1 3>&- &
    server=$!
    wait_until test -s "$pid_file"
    init=$(<"$pid_file")
    : >"$BATS_TEST_TMPDIR/services"
}

end_server() {
    [[ $server ]] || return 0
    kill -KILL "$init" "$server" 2>/dev/null || true
    wait "$server" || true
    server=''
}

# A line on the console that has this expression, as often as said.
wait_for() { wait_until eval "(( \$(grep -cE -- '$1' '$console') >= ${2:-1} ))" || { cat "$console"; return 1; }; }

# Waits for the end of the server and looks at how it ended.
await_end() {
    wait "$server"
    server=''
    [[ $(tail -n 1 "$console") == "init: $1" ]] || { cat "$console"; return 1; }
}

# The host's pid of the child of PID with this name.
child_of() { pgrep -P "$1" "$2"; }
