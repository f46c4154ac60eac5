#!/usr/bin/env bats
# Two whole Debian servers side by side, as an administrator would run them: systemd, dbus, logind, cron, sshd, nginx,
# PostgreSQL, redis, and a unit with all the sandboxing there is. Long: some minutes. The system comes from
# tests/support/debian_root, which has to run once outside the test host, because it needs a mirror.

load ../support/common
load ../support/servers
load ../support/nginx

readonly servers_here=(ann bob)
address() { case $1 in ann) echo 10.77.0.71 ;; bob) echo 10.77.0.72 ;; esac; }

setup_file() {
    local archive=${VSERVER_CACHE:-/root/.cache/vserver}/debian-bookworm-services-2.tar server
    [[ -e $archive ]] || skip "needs $archive: run tests/support/debian_root services"
    vserver image-debian build --from "$archive" --network none
    debian_image=$(image_of image-debian)
    ssh-keygen -q -t ed25519 -N '' -f "$BATS_FILE_TMPDIR/key"
    begin_suite
    for server in "${servers_here[@]}"; do
        vserver "$server" build --image "$debian_image" --address "$(address "$server")"
        prepare "$server"
        vserver "$server" start
    done
    for server in "${servers_here[@]}"; do WAIT_SECONDS=240 wait_until booted "$server" || true; done
}

teardown() { :; }

teardown_file() {
    local server
    [[ -e $BATS_FILE_TMPDIR/audit ]] || return 0
    for server in "${servers_here[@]}"; do
        vserver "$server" stop
        vserver "$server" delete --yes
    done
    audit compare "$BATS_FILE_TMPDIR/audit"
}

# What the administrator would put there: a key, a page, a job, and the sandboxed unit.
prepare() {
    vserver "$1" exec -- sh -ec 'mkdir -p -m 700 /root/.ssh; cat >/root/.ssh/authorized_keys' <"$BATS_FILE_TMPDIR/key.pub"
    vserver "$1" exec -- sh -ec "
        echo 'page of $1' >/var/www/html/index.html
        echo '* * * * * root date >>/root/cron-was-here' >/etc/cron.d/job
        cat >/etc/systemd/system/sandboxed.service
        ln -s ../sandboxed.service /etc/systemd/system/multi-user.target.wants/" <<'END'
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'id; cat /proc/self/uid_map; test ! -w /etc; test ! -e /dev/loop-control'
ProtectProc=invisible
PrivateDevices=yes
DynamicUser=yes
ProtectSystem=strict
PrivateUsers=yes
PrivateTmp=yes
ProtectKernelTunables=yes
NoNewPrivileges=yes
END
}

from_wire() {
    on_wire ssh -i "$BATS_FILE_TMPDIR/key" -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
        -o LogLevel=ERROR "root@$(address "$1")" "${@:2}"
}

# Programs that this machine may not have come from the server's files; where they run is another matter.
with_files_of() { nsenter --mount="/proc/$(state_of "$1" init)/ns/mnt" "${@:2}"; }

# Arguments: the server, the database's address and port as the wire sees it, its user, then options of pgbench.
bench_from_wire() {
    with_files_of "$1" --net=/run/testhost/wire -- \
        /usr/lib/postgresql/15/bin/pgbench -h "$2" -p "$3" -U "$4" "${@:5}" postgres
}

as_postgres() { vserver "$1" exec -u postgres -w / -- psql -qc "$2"; }

each() { local server; for server in "${servers_here[@]}"; do "$@" "$server"; done; }

# ---- tests -------------------------------------------------------------------------------------------------------

@test "both reach running with no failed unit, the sandboxed one among them" {
    check() {
        run vserver "$1" exec -- systemctl is-system-running
        echo "$output"
        vserver "$1" exec -- systemctl --failed --no-pager --no-legend
        [ "$output" = running ]
        for unit in dbus systemd-logind cron ssh nginx postgresql@15-main redis-server sandboxed; do
            run vserver "$1" exec -- systemctl is-active "$unit"
            echo "$unit: $output"
            [ "$output" = active ]
        done
    }
    each check
}

@test "from the wire: each has its own page, takes a login by key" {
    check() {
        [ "$(on_wire curl -s "http://$(address "$1")/")" = "page of $1" ]
        [ "$(from_wire "$1" hostname)" = "$1" ]
        from_wire "$1" 'loginctl --no-legend list-sessions' | grep -q root
        [ "$(vserver "$1" exec -- redis-cli ping)" = PONG ]
    }
    each check
}

# A database listens on localhost only, and asks for a password there: as configured, one reaches it through ssh.
@test "from the wire, through ssh: pgbench on a database whose configuration nobody has touched" {
    check() {
        local tunnel=$BATS_TEST_TMPDIR/tunnel
        as_postgres "$1" "create role bench login superuser password 'secret'"
        from_wire "$1" -f -N -M -S "$tunnel" -o ExitOnForwardFailure=yes -L 5432:localhost:5432 3>&-
        export PGPASSWORD=secret
        bench_from_wire "$1" 127.0.0.1 5432 bench -i -q
        bench_from_wire "$1" 127.0.0.1 5432 bench -t 50 | grep -q '50/50'
        from_wire "$1" -S "$tunnel" -O exit
        vserver "$1" exec -u postgres -w / -- psql -Atc 'select count(*) from pgbench_history' | grep -x 50
        [ "$(vserver "$1" exec -u postgres -w / -- psql -Atc 'show listen_addresses')" = localhost ]
        run on_wire nc -z -w 1 "$(address "$1")" 5432
        [ "$status" -ne 0 ]
    }
    each check
}

@test "from the wire, straight: pgbench, where the administrator has opened the database to it" {
    check() {
        vserver "$1" exec -- sh -c 'echo "host all all 10.77.0.0/24 trust" >>/etc/postgresql/15/main/pg_hba.conf'
        as_postgres "$1" "alter system set listen_addresses = '*'"
        vserver "$1" exec -- systemctl restart postgresql@15-main
        bench_from_wire "$1" "$(address "$1")" 5432 postgres -i -q
        bench_from_wire "$1" "$(address "$1")" 5432 postgres -t 50 | grep -q '50/50'
    }
    each check
}

@test "the host's own nginx on port 80 of every address stands beside theirs, configured alike" {
    require_feature program nginx
    vanilla_nginx 'page of the host'
    local host=$!
    wait_until on_wire curl -sf http://10.77.0.2/
    [ "$(on_wire curl -s http://10.77.0.2/)" = 'page of the host' ]
    [[ $(ss -Hltn 'sport = 80') == *0.0.0.0:80* ]]
    check() {
        [[ $(vserver "$1" exec -- ss -Hltn 'sport = 80') == *0.0.0.0:80* ]]
        [ "$(on_wire curl -s "http://$(address "$1")/")" = "page of $1" ]
    }
    each check
    kill "$host"
    wait "$host"
}

# A repository as Debian's are: plain HTTP, believed because it is signed.
@test "apt-get installs a package and what it needs from a mirror on the wire, and its service runs" {
    local mirror=$BATS_TEST_TMPDIR/mirror server
    mkdir "$mirror"
    tar -C "$mirror" -xf "${VSERVER_CACHE:-/root/.cache/vserver}/debian-bookworm-mirror-2.tar"
    wire busybox httpd -f -p 8000 -h "$mirror" 3>&- &
    server=$!
    vserver ann exec -- sh -c 'cat >/etc/apt/keyrings/mirror.gpg' <"$mirror/mirror.gpg"
    vserver ann exec -- sh -c 'echo "deb [signed-by=/etc/apt/keyrings/mirror.gpg] http://10.77.0.1:8000/ ./" >/etc/apt/sources.list'
    wait_until on_wire curl -sf http://10.77.0.1:8000/Release
    vserver ann exec -- apt-get update
    vserver ann exec -e DEBIAN_FRONTEND=noninteractive -- apt-get install -y memcached
    kill "$server"
    [ "$(vserver ann exec -- systemctl is-active memcached)" = active ]
    [[ $(vserver ann exec -- bash -c 'exec 3<>/dev/tcp/127.0.0.1/11211; printf "version\r\nquit\r\n" >&3; cat <&3') == VERSION* ]]
    vserver ann exec -- id memcache
    [ -z "$(vserver ann exec -- dpkg --verify memcached)" ]
    [ -z "$(vserver ann exec -- dpkg --audit)" ]
    run vserver bob exec -- id memcache
    [ "$status" -ne 0 ]
}

@test "a user is made inside, who can work there" {
    vserver ann exec -- useradd -m -s /bin/bash walter
    [ "$(vserver ann exec -u walter -- id -un)" = walter ]
    run vserver bob exec -- id walter
    [ "$status" -ne 0 ]
}

@test "a job of /etc/cron.d runs" {
    WAIT_SECONDS=100 wait_until vserver ann exec -- test -s /root/cron-was-here
}

@test "reboot from inside: it comes back whole, with the same page, and the other has not noticed" {
    local first other
    first=$(state_of ann generation) other=$(state_of bob init)
    from_wire ann reboot || true
    WAIT_SECONDS=120 wait_until has_generation ann $(( first + 1 ))
    WAIT_SECONDS=240 wait_until booted ann
    [ "$(on_wire curl -s http://10.77.0.71/)" = 'page of ann' ]
    vserver ann exec -- id walter
    [ "$(state_of bob init)" = "$other" ]
}
