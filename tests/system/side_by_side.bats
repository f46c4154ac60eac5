#!/usr/bin/env bats
# Commands beside each other, on one name and on several: each does what it says or refuses, and nothing of one is taken for
# what another has left behind.

load ../support/common
load ../support/servers

setup_file() {
    build_small
    begin_suite
}

teardown() {
    remove_servers
    end_test
}

# ---- helpers -----------------------------------------------------------------------------------------------------

add_worker() { add_service "$1" worker /bin/sh -c 'exec sleep 100000'; }

# ---- tests -------------------------------------------------------------------------------------------------------

@test "a server called keepers ends no keeper of others" {
    new_small other --network none
    new_small keepers --network none
    add_worker other
    add_worker keepers
    vserver start other keepers
    keeper=$(pid_of keeper other) recorder=$(pid_of recorder other)
    vserver keepers stop --kill
    [ "$(pid_of keeper other)" = "$keeper" ]
    [ "$(pid_of recorder other)" = "$recorder" ]
    vserver other stop
}
