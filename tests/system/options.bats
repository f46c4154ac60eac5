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
