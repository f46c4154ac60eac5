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

@test "a process that calls itself PID moves no number, and hides nobody behind it" {
    ( exec -a PID sleep 1973 ) 3>&- &
    local liar=$!
    wait_until pgrep -f '^PID 1973$'
    run vps -eo pid,args --sort=start_time,pid
    kill "$liar"
    grep -E "^ +0 - +$liar PID 1973" <<<"$output"
    grep -E "^ +4196 web +$inside sleep 1971" <<<"$output"
    (( $(grep -c 'CTX NAME' <<<"$output") == 1 ))
}

@test "each of the small programs explains itself, and refuses what it does not know, in one sentence" {
    local program
    for program in chbind chcontext reducecap vkill vps vpstree vtop vserver-stat; do
        run --separate-stderr $program --help
        [[ $status -eq 0 && -z $stderr && $output == "Usage: $program "* ]] || { echo "$program --help: $output"; return 1; }
        run --separate-stderr $program --version
        [[ $status -eq 0 && -z $stderr && ${#lines[@]} -eq 1 && $output =~ [0-9]+\.[0-9]+ ]] || { echo "$program --version: $output"; return 1; }
        [[ $program == @(vps|vpstree) ]] || {    # which hand on what is not theirs
            run --separate-stderr $program --nonsense
            [[ $status -eq 2 || $status -eq 125 ]]
            [[ -z $output && ${#stderr_lines[@]} -eq 1 && $stderr == [a-z]*': '*nonsense* ]] || { echo "$program --nonsense: $stderr"; return 1; }
        }
        run bash -c "$program --help >/dev/full"
        [[ $status -eq 1 && $output == *'cannot write the output' ]] || { echo "$program --help >/dev/full: $status $output"; return 1; }
    done
    run bash -c "HOME=$BATS_TEST_TMPDIR vtop >/dev/full"
    [ "$status" -eq 1 ]
}

@test "vtop ends after as many pictures as it is told, and waits between them as long" {
    HOME=$BATS_TEST_TMPDIR run vtop --count 2 --delay 0 --ctx web
    [ "$status" -eq 0 ]
    [ "$(grep -c '^top - ' <<<"$output")" -eq 2 ]
    [ "$(grep -c 'CTX NAME' <<<"$output")" -eq 2 ]
    [ "$(grep -cE "^ +4196 web +$inside " <<<"$output")" -eq 2 ]
    ! grep -E "^ +0 - " <<<"$output" || false
    for wrong in '--delay 3601' '--delay -1' '--delay 1.5' '--count x' '--count'; do
        run vtop $wrong
        [[ $status -eq 2 && ${#lines[@]} -eq 1 ]] || { echo "$wrong: $output"; return 1; }
    done
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
