#!/usr/bin/env bats
# vps, vpstree, vtop and vkill: every process with its context, and none mistaken for another.

load ../support/common

setup() {
    chcontext --silent --ctx web --disconnect sleep 1971
    wait_until pgrep -f '^sleep 1971$'
    inside=$(pgrep -f '^sleep 1971$')
    sleep 1972 3>&- &
    outside=$!
}

teardown() {
    kill "$inside" "$outside" 2>/dev/null || true
    wait "$outside" || true
    wait_until test ! -e /run/vservers/.contexts/4196
    end_test
}

@test "vps says the context of each process, with any option of ps" {
    run vps
    [ "$status" -eq 0 ]
    [[ ${lines[0]} == *CTX*NAME*PID* ]]
    grep -E "^ +4196 web +.* $inside .*sleep 1971" <<<"$output"
    grep -E "^ +0 - +.* $outside .*sleep 1972" <<<"$output"
    run vps -eo user,pid,ppid,args
    grep -E "^ +4196 web +root +$inside " <<<"$output"
    run vps --ctx web
    [[ $output == *'sleep 1971'* && $output != *'sleep 1972'* ]]
    vps --json --ctx web | python3 -c 'import json, sys; d = json.load(sys.stdin)["processes"]
assert {"sleep", "vserver-reaper"} == {p["command"] for p in d} and all(p["context"] == 4196 for p in d), d'
}

@test "vpstree names the context behind the number" {
    run vpstree
    [ "$status" -eq 0 ]
    [[ $output == *"sleep($inside web)"* && $output == *"sleep($outside)"* ]]
}

@test "vtop is top with two columns" {
    HOME=$BATS_TEST_TMPDIR run vtop --count 1        # top keeps a directory there
    [ "$status" -eq 0 ]
    grep -E '^ +CTX NAME +PID USER' <<<"$output"
    grep -E "^ +4196 web +$inside " <<<"$output"
    run vtop --delay x
    [ "$status" -eq 2 ]
}

@test "vkill reaches any context, keeps to the one that was named, and knows signals by name" {
    run vkill --ctx web "$outside"
    [ "$status" -eq 4 ]
    [ "$output" = "vkill: process $outside is not in context 'web': it is in 0" ]
    run vkill --signal CONT --ctx web "$inside"
    [ "$status" -eq 0 ]
    run vkill --signal SIGKILL "$inside"
    [ "$status" -eq 0 ]
    wait_until sh -c "! kill -0 $inside"
    run vkill "$inside"
    [ "$status" -eq 3 ]
    run vkill --signal NONE 1
    [ "$status" -eq 2 ]
    run vkill
    [ "$status" -eq 2 ]
}
