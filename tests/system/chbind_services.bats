#!/usr/bin/env bats
# Services as Debian configures them, twice on the same port, each under its own lock, beside one of the host: nginx, PostgreSQL,
# Redis and Node. The packages are of the group `services`; what is not installed is skipped, but by test.sh --long, which installs them.

load ../support/common
load ../support/nginx

export WAIT_SECONDS=60    # a database takes its time
readonly one=10.77.0.21 two=10.77.0.22 host=10.77.0.2 one6=fd77::21 two6=fd77::22

setup_file() {
    ip address add $one/24 dev eth0
    ip address add $two/24 dev eth0
    ip address add $one6/64 dev eth0 nodad
    ip address add $two6/64 dev eth0 nodad
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
listens() {
    local address=${1#[}
    [[ $(ss -Hltn "sport = $2" | awk '{ print $4 }') == *"$1:$2"* ]] && on_wire nc -z "${address%]}" "$2"
}

# One of the host's own, with nothing but its directories, page and address.
host_nginx() {
    local dir=$BATS_TEST_TMPDIR/host
    mkdir -p "$dir/www" "$dir/tmp"
    echo host >"$dir/www/index.html"
    cat >"$dir/nginx.conf" <<END
pid $dir/pid; error_log $dir/error; worker_processes 2; user root;
events {}
http {
    access_log off; client_body_temp_path $dir/tmp; proxy_temp_path $dir/tmp; fastcgi_temp_path $dir/tmp;
    uwsgi_temp_path $dir/tmp; scgi_temp_path $dir/tmp;
    server { listen $host:80; root $dir/www; }
}
END
    nginx -g 'daemon off;' -c "$dir/nginx.conf" 3>&- &
}

@test "two nginx as the package configures them on port 80, and one of the host" {
    require_feature program nginx
    vanilla_nginx one chbind --silent --ip $one --ip $one6
    vanilla_nginx two chbind --silent --ip $two --ip $two6
    host_nginx
    local address
    for address in $one "[$one6]" $two "[$two6]" $host; do wait_until listens "$address" 80; done
    [ "$(on_wire curl --silent http://$one/)" = one ]
    [ "$(on_wire curl --silent "http://[$one6]/")" = one ]
    [ "$(on_wire curl --silent http://$two/)" = two ]
    [ "$(on_wire curl --silent "http://[$two6]/")" = two ]
    [ "$(on_wire curl --silent http://$host/)" = host ]
    [ "$(ss -Hltn 'sport = 80' | awk '{ print $4 }' | sort -u | wc -l)" -eq 5 ]
    run on_wire nc -z -w 1 fd77::2 80; [ "$status" -ne 0 ]
}

@test "two PostgreSQL on port 5432 of their own localhost and of any address, and one on the host's" {
    local bin
    bin=$(echo /usr/lib/postgresql/*/bin)
    [[ -x $bin/initdb ]] || require_feature program initdb
    as() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }
    install -d -o 65534 -g 65534 "$BATS_TEST_TMPDIR/one"
    chmod o+x "$BATS_TEST_TMPDIR" "$BATS_FILE_TMPDIR" "$(dirname "$BATS_TEST_TMPDIR")" "$BATS_RUN_TMPDIR"
    as "$bin/initdb" --no-sync -U nobody -A trust -D "$BATS_TEST_TMPDIR/one" >/dev/null
    echo 'host all all 10.77.0.0/24 trust' >>"$BATS_TEST_TMPDIR/one/pg_hba.conf"
    cp -a "$BATS_TEST_TMPDIR/one" "$BATS_TEST_TMPDIR/two"
    cp -a "$BATS_TEST_TMPDIR/one" "$BATS_TEST_TMPDIR/host"
    chbind --silent --ip $one --own-loopback setpriv --reuid 65534 --regid 65534 --clear-groups "$bin/postgres" -D "$BATS_TEST_TMPDIR/one" -k '' 3>&- &
    chbind --silent --ip $two --own-loopback setpriv --reuid 65534 --regid 65534 --clear-groups "$bin/postgres" -D "$BATS_TEST_TMPDIR/two" -k '' -h '*' 3>&- &
    setpriv --reuid 65534 --regid 65534 --clear-groups "$bin/postgres" -D "$BATS_TEST_TMPDIR/host" -k '' 3>&- &
    wait_until listens $two 5432
    wait_until "$bin/psql" -h 127.0.0.1 -U nobody -Atc 'select 1' postgres
    [ "$("$bin/psql" -h 127.0.0.1 -U nobody -Atc 'show data_directory' postgres)" = "$BATS_TEST_TMPDIR/host" ]
    [ "$(on_wire "$bin/psql" -h $two -U nobody -Atc 'select inet_server_addr()' postgres)" = $two ]
    run on_wire nc -z -w 1 $one 5432; [ "$status" -ne 0 ]         # it listens on localhost, and that is its own
    [ "$(ss -Hltn 'sport = 5432' | grep -c '127\.')" -ge 1 ]
}

@test "Redis and Node, twice each on one port, and one of the host" {
    require_feature program redis-server
    redis-server --bind 127.0.0.1 -::1 --port 6379 --save '' >/dev/null 3>&- &    # as the package configures it
    chbind --silent --ip $one redis-server --port 6379 --save '' --protected-mode no --bind '*' >/dev/null 3>&- &
    chbind --silent --ip $two redis-server --port 6379 --save '' --protected-mode no --bind '*' >/dev/null 3>&- &
    wait_until listens $one 6379
    wait_until listens $two 6379
    [[ $(printf 'SET who one\r\nQUIT\r\n' | on_wire nc -w 2 $one 6379) == +OK* ]]
    [[ $(printf 'GET who\r\nQUIT\r\n' | on_wire nc -w 2 $two 6379) == '$-1'* ]]
    wait_until sh -c "printf 'PING\r\nQUIT\r\n' | nc -w 2 127.0.0.1 6379 | grep -q PONG"
    [[ $(printf 'GET who\r\nQUIT\r\n' | nc -w 2 127.0.0.1 6379) == '$-1'* ]]
    require_feature program node
    node -e "require('http').createServer((q, r) => r.end('host')).listen(8000, '$host')" 3>&- &
    wait_until on_wire nc -z $host 8000
    [ "$(on_wire curl --silent http://$host:8000/)" = host ]
    for address in $one $two; do
        chbind --silent --ip $address --own-loopback node -e "require('http').createServer((q, r) => r.end('$address')).listen(8000)" 3>&- &
    done
    for address in $one $two; do
        wait_until on_wire nc -z $address 8000
        [ "$(on_wire curl --silent http://$address:8000/)" = $address ]
    done
}

@test "what programs ask about addresses and devices works under a lock" {
    require_feature program node
    locked() { chbind --silent --ip $one --own-loopback "$@"; }
    [[ $(locked ip -4 -o address show dev eth0) == *$one/24* ]]
    [[ $(locked hostname -I) == *$one* ]]
    [[ $(locked node -e 'console.log(Object.values(require("os").networkInterfaces()).flat().map(a => a.address).join(" "))') == *$one* ]]
    [[ $(locked /usr/bin/python3 -c 'import socket; print(*[n for _, n in socket.if_nameindex()])') == *eth0* ]]
    [[ $(locked getent ahosts localhost) == *127.0.0.1* || $(locked getent ahosts localhost) == *::1* ]]
    locked ss -Hltn
}
