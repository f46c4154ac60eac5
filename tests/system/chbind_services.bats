#!/usr/bin/env bats
# Services as Debian configures them, twice on the same port, each under its own lock, beside one of the host: nginx, PostgreSQL,
# Redis and Node. Long: the packages are of the group `services`.

load ../support/common

export WAIT_SECONDS=60    # a database takes its time
readonly one=10.77.0.21 two=10.77.0.22 host=10.77.0.2

setup_file() {
    ip address add $one/24 dev eth0
    ip address add $two/24 dev eth0
    begin_suite
}

teardown() {
    local pid
    for pid in $(jobs -p); do kill "$pid" 2>/dev/null || true; done
    wait
    chbind --silent --ip $one true
    end_test
}

# seen ADDRESS PORT: what the machine and the wire agree on: who listens there, and that it answers.
listens() { [[ $(ss -Hltn "sport = $2" | awk '{ print $4 }') == *"$1:$2"* ]] && on_wire nc -z "$1" "$2"; }

# The configuration of the package, with nothing but its own directories and page.
nginx_of() {
    local dir=$BATS_TEST_TMPDIR/$1
    mkdir -p "$dir/www" "$dir/tmp"
    echo "$1" >"$dir/www/index.html"
    cat >"$dir/nginx.conf" <<END
pid $dir/pid; error_log $dir/error; worker_processes 2; user root;
events {}
http {
    access_log off; client_body_temp_path $dir/tmp; proxy_temp_path $dir/tmp; fastcgi_temp_path $dir/tmp;
    uwsgi_temp_path $dir/tmp; scgi_temp_path $dir/tmp;
    server { listen ${2:-80 default_server}; root $dir/www; }
}
END
    echo "$dir/nginx.conf"
}

@test "two nginx on port 80 of any address, and one of the host" {
    require_feature program nginx
    chbind --silent --ip $one nginx -g 'daemon off;' -c "$(nginx_of one)" 3>&- &
    chbind --silent --ip $two nginx -g 'daemon off;' -c "$(nginx_of two)" 3>&- &
    nginx -g 'daemon off;' -c "$(nginx_of host $host:80)" 3>&- &
    local address
    for address in $one $two $host; do wait_until listens $address 80; done
    [ "$(on_wire curl --silent http://$one/)" = one ]
    [ "$(on_wire curl --silent http://$two/)" = two ]
    [ "$(on_wire curl --silent http://$host/)" = host ]
    run on_wire nc -z -w 1 10.77.0.3 80; [ "$status" -ne 0 ]
}

@test "two PostgreSQL on port 5432 of their own localhost, and of any address" {
    local bin
    bin=$(echo /usr/lib/postgresql/*/bin)
    [[ -x $bin/initdb ]] || require_feature program initdb
    as() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }
    install -d -o 65534 -g 65534 "$BATS_TEST_TMPDIR/one"
    chmod o+x "$BATS_TEST_TMPDIR" "$BATS_FILE_TMPDIR" "$(dirname "$BATS_TEST_TMPDIR")" "$BATS_RUN_TMPDIR"
    as "$bin/initdb" --no-sync -U nobody -A trust -D "$BATS_TEST_TMPDIR/one" >/dev/null
    echo 'host all all 10.77.0.0/24 trust' >>"$BATS_TEST_TMPDIR/one/pg_hba.conf"
    cp -a "$BATS_TEST_TMPDIR/one" "$BATS_TEST_TMPDIR/two"
    chbind --silent --ip $one --own-loopback setpriv --reuid 65534 --regid 65534 --clear-groups "$bin/postgres" -D "$BATS_TEST_TMPDIR/one" -k '' 3>&- &
    chbind --silent --ip $two --own-loopback setpriv --reuid 65534 --regid 65534 --clear-groups "$bin/postgres" -D "$BATS_TEST_TMPDIR/two" -k '' -h '*' 3>&- &
    wait_until listens $two 5432
    [ "$(on_wire "$bin/psql" -h $two -U nobody -Atc 'select inet_server_addr()' postgres)" = $two ]
    run on_wire nc -z -w 1 $one 5432; [ "$status" -ne 0 ]         # it listens on localhost, and that is its own
    run nc -z -w 1 127.0.0.1 5432; [ "$status" -ne 0 ]
    [ "$(ss -Hltn 'sport = 5432' | grep -c '127\.')" -ge 1 ]
}

@test "Redis and Node, twice each on one port" {
    require_feature program redis-server
    chbind --silent --ip $one redis-server --port 6379 --save '' --protected-mode no --bind '*' >/dev/null 3>&- &
    chbind --silent --ip $two redis-server --port 6379 --save '' --protected-mode no --bind '*' >/dev/null 3>&- &
    wait_until listens $one 6379
    wait_until listens $two 6379
    [[ $(printf 'SET who one\r\nQUIT\r\n' | on_wire nc -w 2 $one 6379) == +OK* ]]
    [[ $(printf 'GET who\r\nQUIT\r\n' | on_wire nc -w 2 $two 6379) == '$-1'* ]]
    require_feature program node
    for address in $one $two; do
        chbind --silent --ip $address --own-loopback node -e "require('http').createServer((q, r) => r.end('$address')).listen(8000)" 3>&- &
    done
    for address in $one $two; do
        wait_until on_wire nc -z $address 8000
        [ "$(on_wire curl --silent http://$address:8000/)" = $address ]
    done
}
