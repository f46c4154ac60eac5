#!/usr/bin/env bats
# The shortest way through everything, with one small image: what test.sh runs on the stock kernel, where processes are dear.

# bats file_tags=stock

load ../support/common
load ../support/servers

setup_file() {
    build_small
    begin_suite
}

teardown() { remove_servers; end_test; }

@test "a server is built, started, seen from the wire, entered, and stopped with everything gone" {
    new_small small --address 10.77.0.50 --memory 64M
    add_service small web /bin/busybox httpd -f -p 80 -h /etc
    vserver small start
    on_wire curl --silent --retry 20 --retry-connrefused --retry-delay 1 --max-time 30 http://10.77.0.50/passwd >"$BATS_TEST_TMPDIR/page"
    grep -q '^root:' "$BATS_TEST_TMPDIR/page"
    run_vserver small exec -- sh -c 'hostname; exit 7'
    [ "$status" -eq 7 ]
    [ "$output" = small ]
    run_vserver small stop
    [ "$status" -eq 0 ]
    run_vserver small running
    [ "$status" -eq 3 ]
}

@test "its root reads no file, signals no process and takes no address of the host, and makes no device" {
    echo secret >"$BATS_TEST_TMPDIR/secret"
    new_small small --address 10.77.0.50
    sleep 1000 3>&- &
    for attack in "cat $BATS_TEST_TMPDIR/secret" "cat /proc/1/root$BATS_TEST_TMPDIR/secret" "kill -KILL $!" \
        'busybox httpd -f -p 10.77.0.2:8080' 'mknod /tmp/disk b 8 0' 'echo 1 >/proc/sys/kernel/panic'; do
        run_vserver small exec -- timeout 5 sh -c "$attack"
        echo "$attack: $status $output $stderr"
        [[ $status -ne 0 && $status -ne 124 && $status -ne 143 ]]
    done
    kill $!
}

# More of it: tests/vm/shield.bats.
@test "with the shield up root of the host neither ends, traces nor enters it but by the door, and a kernel without says so" {
    new_small small --network none
    vserver small start
    local init
    init=$(state_of small init)
    run_vserver shield on
    if (( status == 6 )); then
        [[ $stderr == *'this kernel has no means against it'* ]]
        ! must_have bpf_lsm || false
        return
    fi
    [ "$status" -eq 0 ]
    ! kill -KILL "$init" || false
    ! nsenter --target "$init" --net true || false
    ! cat "/proc/$init/environ" || false
    ! sh -c "echo 1 >'/sys/fs/cgroup/vservers/small/cgroup.kill'" || false
    ! sh -c "echo 0 >'/sys/fs/cgroup/vservers/small/cgroup.procs'" || false
    vserver small exec -- true
    vserver small stop
    vserver shield off
}
