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

@test "nothing is hidden without a shield: where there can be none, one line says so" {
    run_vserver shield hide on --yes
    echo "$stderr"
    [[ $stderr == *"'vserver shield on' first"* ]] && skip 'this kernel can'
    [ "$status" -eq 6 ]
    [ -z "$output" ]
    [ "${#stderr_lines[@]}" -eq 1 ]
    [[ $stderr == *'this kernel has no means against it: '* && $(</proc/mounts) != *hidepid=ptraceable* ]]
    run_vserver shield hide status
    [ "$status" -eq 3 ]
    run -0 vserver shield hide off
    [ "$output" = 'nothing is hidden' ]
    run -2 vserver shield hide
    run -2 vserver shield status on
    run -2 vserver shield on --yes
}

@test "its state is a line, a document and a status, and off is no error" {
    run_vserver shield status
    [ "$status" -eq 3 ]
    [ "$output" = 'off: context 0 sees the processes of servers, and may signal, trace and enter them' ]
    run_vserver shield status --json
    [ "$status" -eq 3 ]
    jq -e '.shield == false and .door == null and .hidden == false' <<<"$output"
    run_vserver shield off
    [ "$status" -eq 0 ]
    run_vserver shield up
    [ "$status" -eq 2 ]
}
