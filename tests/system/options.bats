#!/usr/bin/env bats
# What no other suite asks for: options of the command line and keys of the settings, each with what it does to a real server.

load ../support/common
load ../support/servers

setup_file() {
    build_small
    begin_suite
}

setup() { servers=(); }

teardown() {
    remove_servers
    end_test
}

readonly toml=/etc/vservers/small.toml

inside() { run_vserver small exec -- sh -c "$1"; }

# A server whose service says a line when it listens to signals, and runs until it is killed.
new_deaf() {
    new_small "$1" --network none
    add_service "$1" deaf /bin/sh -c 'trap "" TERM; echo deaf; while :; do sleep 1; done'
    vserver "$1" start
    wait_until console_has "$1" deaf
}

# ---- build -------------------------------------------------------------------------------------------------------

@test "each option of build is a line of the settings, and counts in the server" {
    new_small small --address 10.77.0.60 --address fd77::60 --hostname www --domain example.org --nameserver 192.0.2.53 --nameserver 2001:db8::53 \
        --port 8070:80 --port 10.77.0.2:8071:81/udp --memory 64M --processes 40 --init services
    run_vserver small config --json
    [ "$status" -eq 0 ]
    jq -e '.settings | .hostname == "www" and .domainname == "example.org" and .init == "services"
           and .network.addresses == ["10.77.0.60", "fd77::60"] and .network.nameservers == ["192.0.2.53", "2001:db8::53"]
           and .network.ports == ["8070:80", "10.77.0.2:8071:81/udp"]
           and .limits.memory_bytes == 67108864 and .limits.processes == 40' <<<"$output"
    add_service small page /bin/sh -c 'while :; do echo a page | nc -l -p 80; done'
    vserver small start
    [ "$(vserver small exec -- hostname)" = www ]
    [ "$(vserver small exec -- cat /proc/sys/kernel/domainname)" = example.org ]
    [ "$(vserver small exec -- grep ^nameserver /etc/resolv.conf)" = $'nameserver 192.0.2.53\nnameserver 2001:db8::53' ]
    grep -qw www.example.org <(vserver small exec -- cat /etc/hosts)
    page() { [[ $(on_wire nc -w 1 10.77.0.2 8070 </dev/null) == 'a page' ]]; }
    wait_until page
    inside 'for i in $(seq 60); do sleep 1000 >/dev/null 2>&1 & done'
    [[ $stderr == *"can't fork"* ]]
    vserver small stop --kill
}

@test "a value that build cannot take is told with its option, and nothing is built" {
    while IFS='|' read -r option value; do
        run_vserver wrong build --image "$small_image" --network none "$option" "$value"
        [ "$status" -eq 2 ] || { echo "$option $value: $status"; return 1; }
        [ "${#stderr_lines[@]}" -eq 1 ]
        [[ $stderr == *"${option#--}"* ]] || { echo "$option $value: $stderr"; return 1; }
        [ ! -e /etc/vservers/wrong.toml ]
        [ ! -e /var/lib/vservers/servers/wrong ]
    done <<'END'
--hostname|-www
--hostname|www.example.org
--hostname|w w
--domain|example..org
--nameserver|192.0.2
--nameserver|nine
--port|80
--port|0:80
--port|80:65536
--port|80:80/sctp
--memory|1
--memory|-1M
--memory|lots
--processes|-1
--processes|4194305
--processes|1.5
--init|systemd
--network|bridge
END
}

# ---- what would be -----------------------------------------------------------------------------------------------

@test "a dry run says what would be done, and does nothing of it" {
    new_small small --address 10.77.0.60 --memory 64M --processes 0
    sed -i 's|^#volumes = .*|volumes = ["/srv/data"]|' $toml
    mark
    for option in -n --dry-run; do
        run_vserver small start $option
        [ "$status" -eq 0 ]
        [[ $output == *"small: root: /var/lib/vservers/servers/small over "*"$small_image"* ]]
        [[ $output == *'10.77.0.60'* && $output == *'small: volume /srv/data'* ]]
        [[ $output == *'small: limits: unlimited processes, memory 67108864'* ]]
        is_stopped small
        [ ! -e /run/vservers/small/state ]
        run_vserver small delete $option
        [ "$status" -eq 0 ]
        [ "$output" = 'small: would be deleted, with its files, settings and console log' ]
        [ -e $toml ]
    done
    audit_now
}

@test "the dry run of a start finds what a start would refuse" {
    new_small small --network none
    sed -i '1i nice = 99' $toml
    run_vserver small start --dry-run
    [ "$status" -eq 2 ]
    [[ $stderr == *"$toml:1: "* ]]
    run_vserver small delete --dry-run    # which needs no settings
    [ "$status" -eq 0 ]
    run_vserver nobody delete --dry-run
    [ "$status" -eq 5 ]
}

# ---- stop and restart --------------------------------------------------------------------------------------------

@test "restart asks for as long as it is told, or not at all, and starts a new generation" {
    new_deaf small
    local init generation
    for how in '--timeout 1s' --kill '--kill --timeout 300s'; do
        init=$(state_of small init) generation=$(state_of small generation)
        run timeout 60 vserver small restart $how
        [ "$status" -eq 0 ] || { echo "$how: $output"; return 1; }
        [[ $output == 'small: started (context '*')' ]]
        [ "$(state_of small init)" != "$init" ]
        (( $(state_of small generation) > generation ))
        wait_until console_has small deaf
    done
    init=$(state_of small init)
    run_vserver small restart --timeout soon
    [ "$status" -eq 2 ]
    [ "$(state_of small init)" = "$init" ]    # whose command line is wrong is left as it is
}

@test "restart leaves a server running whose settings could not start it again" {
    new_deaf small
    local init
    init=$(state_of small init)
    sed -i '1i nice = 99' $toml
    run_vserver small restart --kill
    [ "$status" -eq 2 ]
    [ "$(state_of small init)" = "$init" ]
    is_running small
    sed -i 1d $toml
}

@test "stop_timeout is how long a stop waits where it is not told" {
    new_deaf small
    sed -i '1i stop_timeout = "1s"' $toml
    run timeout 60 vserver small stop
    [ "$status" -eq 0 ]
    [ "$output" = 'small: stopped (killed: its init did not end in time)' ]
}

# ---- for scripts -------------------------------------------------------------------------------------------------

@test "--running chooses those that run, --json is one document, and both are the same choice" {
    new_small small --network none
    new_small other --network none
    add_service other idle sleep 100000
    run_vserver list --running
    [ "${#lines[@]}" -eq 1 ]    # the titles
    run_vserver running --running
    [[ $status -eq 0 && -z $output ]]
    vserver other start
    run_vserver list --running
    [[ ${#lines[@]} -eq 2 && ${lines[1]} == 'other '* ]]
    [ "$(vserver list --running --json | jq -c '[.servers[].name]')" = '["other"]' ]
    [ "$(vserver-stat --json | jq -c '[.servers[].name]')" = '["other"]' ]
    run_vserver running small other --json
    [ "$status" -eq 3 ]
    jq -e '[.servers[] | .name + ":" + .state] == ["small:stopped", "other:running"]' <<<"$output"
    run_vserver running nobody other --json
    [ "$status" -eq 5 ]
    jq -e '.errors[0].code == "no_such_server" and .servers[0].name == "other"' <<<"$output"
    run_vserver scan --running --json
    jq -e '[.servers[].name] == ["other"]' <<<"$output"
    vserver other stop --kill
    vserver other exec -- touch /etc/new
    run_vserver other accept --json /etc/new
    [ "$status" -eq 0 ]
    jq -e '.servers[0].verdict == "OK" and (.servers[0].differences | map(.change + .path) == ["added/etc/new"])' <<<"$output"
    run_vserver other files --json
    [ "$status" -eq 0 ]
    [ "$(jq -r '.files[]' <<<"$output")" = "$(vserver other files)" ]
    vserver other delete -y
    servers=(small)
}

@test "--all and --running exclude each other and names, for every verb that takes several" {
    for verb in start stop restart list status running check scan crossview delete; do
        run_vserver $verb --all --running; [ "$status" -eq 2 ]
        run_vserver $verb small --all; [ "$status" -eq 2 ]
        run_vserver $verb small --running; [ "$status" -eq 2 ]
    done
    for verb in config files mount umount passwd accept; do
        run_vserver $verb --all
        [[ $status -eq 2 && $stderr == *"has no option '--all'"* ]]
    done
}

@test "suexec takes directory, environment and terminal as exec does" {
    new_small small --network none
    run_vserver small suexec -w /tmp -e A=b -e B='c d' -T -- web sh -c 'echo $(id -un) $PWD $A $B $#; test -t 1' x y z
    [ "$output" = 'web /tmp b c d 2' ]
    [ "$status" -eq 1 ]
    run_vserver small suexec -t web sh -c 'test -t 0 && test -t 1 && : </dev/tty && tty'
    [ "$status" -eq 0 ]
    [[ $output == /dev/pts/* ]]
    run_vserver small suexec -t -T web true
    [ "$status" -ne 0 ]
    run_vserver small suexec -w /nowhere web true
    [ "$status" -eq 125 ]
    for bad in A =b ''; do
        run_vserver small suexec -e "$bad" web true
        [ "$status" -eq 125 ] || { echo "-e '$bad': $status"; return 1; }
    done
    run_vserver small suexec web    # without a command
    [ "$status" -eq 125 ]
}

# ---- logs --------------------------------------------------------------------------------------------------------

stored() { vserver small logs --grep "$1" | wc -l; }
lost() { vserver small logs | sed -n 's/.* \([0-9]*\) records, \([0-9]*\) bytes lost: too many at once$/'"$1"'/p' | awk '{ n += $1 } END { print n + 0 }'; }

@test "log.records and log.bytes bound what a server may write in a second, and a record says how much was dropped" {
    new_small small --network none
    sed -i 's/^#*records = .*/records = 1000000/; s/^#*bytes = .*/bytes = "4K"/' $toml
    vserver small start
    inside 'for i in $(seq 6000); do echo a line of forty bytes, and number $i; done >/dev/console'    # half a minute's worth may come at once
    dropped() { (( $(lost '\2') >= 80000 )); }
    wait_until dropped
    (( $(stored 'a line of forty') >= 1000 && $(stored 'a line of forty') < 4500 ))
    vserver small stop --kill
    sed -i 's/^records = .*/records = 5/; s/^bytes = .*/bytes = "1G"/' $toml
    vserver small start
    inside 'for i in $(seq 400); do logger -t own message $i; done'
    dropped() { (( $(lost '\1') >= 200 )); }
    wait_until dropped
    (( $(stored 'message ') >= 100 && $(stored 'message ') < 200 ))
    vserver small logs --verify
    vserver small stop --kill
}

@test "log.keep is how much stays on disk, and has a least" {
    new_small small --network none
    sed -i 's/^#*keep = .*/keep = "15M"/' $toml
    run_vserver small start
    [ "$status" -eq 2 ]
    [[ $stderr == *"$toml:"*keep*16M* ]]
    sed -i 's/^keep = .*/keep = "16M"/; s/^#*records = .*/records = 1000000/; s/^#*bytes = .*/bytes = "1G"/' $toml
    vserver small start
    begun() { vserver small logs | grep -q 'recording begins'; }
    wait_until begun
    inside 'head -c 1000 /dev/zero | tr "\0" x >/line; echo >>/line; for i in $(seq 24); do for j in $(seq 1000); do cat /line; done; done >/dev/console'
    kept() { (( $(du -sm /var/lib/vservers/logs/small | cut -f1) <= 17 )) && ! begun; }
    wait_until kept
    vserver small logs --verify    # what went is no alarm
    vserver small stop --kill
}

# ---- settings ----------------------------------------------------------------------------------------------------

# The file of this name in the server's group, wherever the controller is.
of_group() { find /sys/fs/cgroup -path "*vservers*/small/$1" -exec cat {} + 2>/dev/null; }

@test "cpu_weight and cpu_cap are the kernel's own numbers, and out of the server's reach" {
    new_small small --network none
    sed -i 's/^#*cpu_weight = .*/cpu_weight = 250/; s/^#*cpu_cap = .*/cpu_cap = "150%"/' $toml
    vserver small start
    if [[ -e /sys/fs/cgroup/cpu/vservers ]]; then
        [ "$(of_group cpu.shares)" = 2560 ]    # 1024 is a hundred
        [ "$(of_group cpu.cfs_quota_us) $(of_group cpu.cfs_period_us)" = '150000 100000' ]
    else
        [ "$(of_group cpu.weight)" = 250 ]
        [ "$(of_group cpu.max)" = '150000 100000' ]
    fi
    inside 'find /sys/fs/cgroup -name "cpu.*" -writable'
    [[ -z $output ]]
    vserver small stop
    sed -i 's/^cpu_weight = .*/#&/; s/^cpu_cap = .*/#&/' $toml
    vserver small start
    [[ ! -e /sys/fs/cgroup/cpu/vservers ]] || [ -z "$(of_group cpu.cfs_quota_us | grep -v -e '^-1$')" ]
    vserver small stop
}

# Name in the settings, name in /proc/PID/limits, a value, and soft and hard as the kernel has them then.
readonly ulimits='as|Max address space|"1G:2G"|1073741824 2147483648
core|Max core file size|0|0 0
cpu|Max cpu time|3600|3600 3600
data|Max data size|"512M"|536870912 536870912
fsize|Max file size|"1M:unlimited"|1048576 unlimited
locks|Max file locks|5|5 5
memlock|Max locked memory|"64K"|65536 65536
msgqueue|Max msgqueue size|4096|4096 4096
nofile|Max open files|"64:128"|64 128
nproc|Max processes|"50:60"|50 60
rss|Max resident set|"1T"|1099511627776 1099511627776
rttime|Max realtime timeout|1000000|1000000 1000000
sigpending|Max pending signals|33|33 33
stack|Max stack size|"4M:unlimited"|4194304 unlimited'

# A root without CAP_SYS_RESOURCE, as this test host's may be, cannot raise these two.
hard_limit() { local most; most=$(ulimit -H "$1"); [[ $most != unlimited ]] && (( most < $2 )) && echo "$most" || echo "$2"; }

@test "every key of ulimits is the kernel's limit of that name, in services and in what comes in" {
    new_small small --network none
    add_service small eye sh -c 'cat /proc/self/limits; exec sleep 100000'
    local name title value expected
    local most_nice most_rtprio
    most_nice=$(hard_limit -e 25) most_rtprio=$(hard_limit -r 7)
    local all="$ulimits
nice|Max nice priority|$most_nice|$most_nice $most_nice
rtprio|Max realtime priority|$most_rtprio|$most_rtprio $most_rtprio"
    while IFS='|' read -r name title value expected; do set_in small ulimits "$name = $value"; done <<<"$all"
    vserver small start
    inside 'cat /proc/self/limits'
    local entered=$output
    wait_until console_has small 'Max realtime timeout'
    local service
    service=$(vserver small logs | sed 's/^[^ ]* console: //')
    while IFS='|' read -r name title value expected; do
        for seen in "$entered" "$service"; do
            [ "$(sed -n "s/^$title  *\([^ ]*\)  *\([^ ]*\) .*/\1 \2/p" <<<"$seen")" = "$expected" ] || { echo "$name: $seen"; return 1; }
        done
    done <<<"$all"
    inside 'head -c 2000000 /dev/zero >/tmp/large'    # and the kernel keeps to them
    [ "$status" -ne 0 ]
    [ "$(vserver small exec -- stat -c %s /tmp/large)" = 1048576 ]
    vserver small stop
}

@test "guard.growing and guard.ignored say what a scan takes for logs and for data, and the longest path holds" {
    new_small small --network none
    sed -i 's|^#frozen = .*|frozen = ["/srv/audit/kept"]|; s|^#growing = .*|growing = ["/srv/audit"]|; s|^#ignored = .*|ignored = ["/etc/cups", "/opt/*/cache"]|' $toml
    vserver small exec -- sh -c 'mkdir -p /srv/audit/kept /etc/cups /opt/one/cache; for f in /srv/audit/log /srv/audit/kept/log /etc/cups/conf /opt/one/conf; do echo one >$f; done'
    vserver small accept
    vserver small scan
    scan_says() { run_vserver small scan; [[ $status -eq 1 && $output == *"$1"* ]] || { echo "$output"; return 1; }; }
    vserver small exec -- sh -c 'echo two >>/srv/audit/log; echo two >/etc/cups/conf; echo x >/opt/one/cache/x'
    vserver small scan    # a log grew, data changed
    vserver small exec -- sh -c 'echo x >/opt/one/conf'
    scan_says /opt/one/conf
    vserver small accept
    vserver small exec -- sh -c 'echo other >/srv/audit/log'
    scan_says '/srv/audit/log'
    vserver small accept
    vserver small exec -- sh -c 'echo two >>/srv/audit/kept/log'
    scan_says '/srv/audit/kept/log'
    vserver small accept
    vserver small exec -- sh -c 'cp /bin/busybox /etc/cups/s; chmod 4755 /etc/cups/s'
    scan_says '/etc/cups/s: privileged'    # whatever is ignored
}

@test "a service runs as its user, by name or number, and is started again only where it may be" {
    new_small small --network none
    cat >>$toml <<'END'

[[service]]
name = "again"
command = ["/bin/sh", "-c", "echo again $(id -u); sleep 0.1"]
user = "web"

[[service]]
name = "once"
command = ["/bin/sh", "-c", "echo once $(id -u):$(id -g)"]
user = "1234"
restart = false
END
    vserver small start
    again() { (( $(stored 'again 33') >= 3 )); }
    wait_until again
    [ "$(stored 'once 1234:1234')" -eq 1 ]
    vserver small stop
}
