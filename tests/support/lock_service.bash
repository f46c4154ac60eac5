# The lock service without systemd, for the tests of chbind(8): `load ../support/lock_service`.

# With the capabilities that its unit gives it and no others. Ends with the test file: call stop_lock_service in teardown_file.
start_lock_service() {
    setpriv --no-new-privs --inh-caps=-all \
        --bounding-set=-all,+bpf,+net_admin,+sys_admin,+sys_ptrace,+sys_resource,+perfmon \
        "${VSERVER_LIBEXEC:-/usr/libexec/vserver}/vserver-lock" --listen >"$BATS_FILE_TMPDIR/lock-service" 2>&1 3>&- &
    echo $! >"$BATS_FILE_TMPDIR/lock-service.pid"
    wait_until grep -q ready "$BATS_FILE_TMPDIR/lock-service"
}

stop_lock_service() {
    kill "$(<"$BATS_FILE_TMPDIR/lock-service.pid")"
    rm -f /run/vserver-lock.socket
}

# grant TEXT: what grants.toml says from now on.
grant() { (umask 022; printf '%s\n' "$1" >/etc/vservers/grants.toml); }

as_user() { setpriv --reuid "${uid:-65534}" --regid 65534 --clear-groups "$@"; }
