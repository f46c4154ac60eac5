#!/usr/bin/env bats
# vserver shield, where the kernel can have none: it says so, and context 0 sees the servers. What it does is tests/vm/shield.bats.

load ../support/common

@test "a kernel without BPF among its security modules is told in one line, and nothing is left" {
    run_vserver shield on
    echo "$stderr"
    (( status != 0 )) || { vserver shield off; skip 'this kernel can'; }
    [ "$status" -eq 6 ]
    [ -z "$output" ]
    [ "${#stderr_lines[@]}" -eq 1 ]
    [[ $stderr == 'vserver: context 0 sees and reaches the processes of servers, and this kernel has no means against it: '* ]]
    [ ! -e /sys/fs/bpf/vserver-shield ]
    [ ! -e /sys/fs/bpf/vserver-shield-next ]
}

@test "its state is a line, a document and a status, and off is no error" {
    run_vserver shield status
    [ "$status" -eq 3 ]
    [ "$output" = 'off: context 0 sees the processes of servers, and may signal, trace and enter them' ]
    run_vserver shield status --json
    [ "$status" -eq 3 ]
    jq -e '.shield == false and .door == null' <<<"$output"
    run_vserver shield off
    [ "$status" -eq 0 ]
    run_vserver shield up
    [ "$status" -eq 2 ]
}
