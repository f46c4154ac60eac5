#!/usr/bin/env bats
# vserver host-service: a service of the host is locked to addresses by a drop-in of its unit.

load ../support/common

readonly units=/etc/systemd/system drop_in=/etc/systemd/system/web.service.d/vserver-addresses.conf

setup_file() {
    [[ -d $units ]] || { mkdir -p $units; }
    mount -t tmpfs units $units
    ip address add 10.77.0.21/24 dev eth0
    ip address add 10.77.0.22/24 dev eth0
    printf '[Service]\nExecStart=/bin/sleep 1000\n' >$units/web.service
    printf '[Service]\nExecStart=/bin/sleep %%i\n' >$units/each@.service
    begin_suite
}

teardown_file() { umount $units; }

teardown() {
    rm -rf $units/*.d
    end_test
}

@test "it writes a drop-in, which systemd understands, and takes it back" {
    run_vserver host-service web --ip 10.77.0.21 --ip 10.77.0.22
    [ "$status" -eq 0 ]
    [ "$output" = "wrote $drop_in" ]
    [[ $stderr == *"'systemctl restart web.service' lets it take effect"* ]]
    [ "$(sed -n 's/^ExecStartPre=//p' $drop_in)" = "+$VSERVER_LIBEXEC/vserver-lock --group 10.77.0.21 10.77.0.22" ]
    if command -v systemd-analyze >/dev/null; then
        run systemd-analyze verify --man=no $units/web.service
        rm -rf /run/systemd
        [[ $status -eq 0 && -z $output ]] || { echo "$output"; return 1; }
    fi
    run_vserver host-service web.service --ip 10.77.0.22
    [ "$(sed -n 's/^ExecStartPre=.*--group //p' $drop_in)" = 10.77.0.22 ]
    run_vserver host-service web --undo
    [ "$status" -eq 0 ]
    [ ! -e "$(dirname $drop_in)" ]
    run_vserver host-service web --undo; [ "$status" -eq 2 ]
}

@test "what somebody else has dropped in stays" {
    mkdir $units/web.service.d
    echo '[Service]' >$units/web.service.d/other.conf
    run_vserver host-service web --ip 10.77.0.21
    run_vserver host-service web --undo
    [ -e $units/web.service.d/other.conf ]
}

@test "--dry-run shows it and touches nothing" {
    run_vserver host-service each@3 --ip 10.77.0.21 --dry-run
    [ "$status" -eq 0 ]
    [[ $output == *'ExecStartPre=+'*'--group 10.77.0.21'* ]]
    [ ! -e $units/each@3.service.d ]
}

@test "what is unknown, ours, no service or no address is refused, and nothing is written" {
    run_vserver host-service nosuch --ip 10.77.0.21; [ "$status" -eq 2 ]; [[ $stderr == *"no unit 'nosuch.service'"* ]]
    run_vserver host-service vservers --ip 10.77.0.21; [ "$status" -eq 4 ]; [[ $stderr == *'a unit of ours'* ]]
    run_vserver host-service vserver-lock@1 --ip 10.77.0.21; [ "$status" -eq 4 ]
    run_vserver host-service ssh.socket --ip 10.77.0.21; [ "$status" -eq 2 ]
    run_vserver host-service ../web --ip 10.77.0.21; [ "$status" -eq 2 ]
    run_vserver host-service web --ip 10.77.0.99; [ "$status" -eq 2 ]; [[ $stderr == *'10.77.0.99'* ]]
    run_vserver host-service web; [ "$status" -eq 2 ]
    run_vserver host-service web --undo --ip 10.77.0.21; [ "$status" -eq 2 ]
    [ -z "$(find $units -name '*.conf')" ]
}

# What systemd does with the line: it runs in the unit's control group, and then the service is born there.
@test "a control group that locked itself holds what is born in it, and can be changed" {
    local group=/sys/fs/cgroup/unit
    [[ ! -d /sys/fs/cgroup/unified ]] || group=/sys/fs/cgroup/unified/unit
    mkdir $group
    bound() {
        sh -c 'echo 0 >"$0/cgroup.procs" && exec /usr/bin/python3 -c "import socket; s = socket.socket(); s.bind((\"\", 0)); print(s.getsockname()[0])"' $group
    }
    lock() { sh -c 'echo 0 >"$0/cgroup.procs" && exec "$VSERVER_LIBEXEC/vserver-lock" --group "$@"' $group "$@"; }
    [ "$(bound)" = 0.0.0.0 ]
    lock 10.77.0.21
    [ "$(bound)" = 10.77.0.21 ]
    lock 10.77.0.22
    [ "$(bound)" = 10.77.0.22 ]
    rmdir $group
    run "$VSERVER_LIBEXEC/vserver-lock" --group 10.77.0.99; [ "$status" -eq 2 ]
}
