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
    [[ ! ${holder:-} ]] || kill "$holder" || true
    remove_servers
    end_test
}

# ---- helpers -----------------------------------------------------------------------------------------------------

# Another command that works on a server, as far as everybody else can see.
hold() {
    mkdir -p "/run/vservers/$1"
    have "/run/vservers/$1/lock"
}
have() {
    flock "$1" sh -c 'echo held; exec sleep 1000' >"$BATS_TEST_TMPDIR/held" 3>&- &
    holder=$!
    wait_until grep -q held "$BATS_TEST_TMPDIR/held"
}

let_go() { pkill -P "$holder" sleep; wait "$holder" || true; holder=; }

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

@test "repair neither waits for a server that is worked on nor takes its files for an orphan's" {
    mkdir -p /var/lib/vservers/servers/half/upper
    touch /var/lib/vservers/servers/half/incomplete    # as a build that is not done
    hold half
    run timeout 10 vserver repair
    [ "$status" -eq 0 ]
    [ "$output" = 'half: skipped, another command works on it' ]
    [ -d /var/lib/vservers/servers/half/upper ]
    let_go
    run_vserver repair
    [[ $output == *'half: removed files without settings'* ]]
    [ ! -e /var/lib/vservers/servers/half ] && [ ! -e /run/vservers/half ]
}

@test "repair neither waits for a build that is not done nor takes its files" {
    mkdir -p /var/lib/vservers/staging/image-0123/tree
    have /var/lib/vservers/staging/image-0123
    run timeout 10 vserver repair
    [ "$status" -eq 0 ]
    [ "$output" = 'staging/image-0123: skipped, another command works on it' ]
    [ -d /var/lib/vservers/staging/image-0123/tree ]
    let_go
    run_vserver repair
    [ ! -e /var/lib/vservers/staging/image-0123 ]
}

@test "a build waits for who works on its name, and then finds it taken" {
    hold twice
    vserver twice build --image "$small_image" --network none >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
    build=$!
    wait_until grep -q "^[0-9]*: -> FLOCK .* $build " /proc/locks
    touch /etc/vservers/twice.toml    # as the one who holds the name might
    let_go
    run wait "$build"
    grep "there is a server 'twice' already" "$BATS_TEST_TMPDIR/out"
    [ ! -e /var/lib/vservers/servers/twice ]
    rm /etc/vservers/twice.toml
}

@test "builds beside repairs and beside deletes of others do what they say" {
    for round in 1 2 3; do
        new_small gone --network none
        vserver made build --image "$small_image" --network none >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
        build=$!
        vserver repair
        vserver gone delete --yes
        vserver repair
        wait "$build" || { cat "$BATS_TEST_TMPDIR/out"; return 1; }
        [ -s /etc/vservers/made.toml ] && [ -s /var/lib/vservers/servers/made/record.json ]
        vserver made delete --yes
    done
    servers=()
}

@test "a build beside the delete of its name leaves a whole server or none" {
    for round in 1 2 3; do
        new_small pair --network none
        vserver pair delete --yes >/dev/null 3>&- &
        delete=$!
        vserver pair build --image "$small_image" --network none || true
        wait "$delete"
        settings=no files=no
        [[ ! -e /etc/vservers/pair.toml ]] || settings=yes
        [[ ! -e /var/lib/vservers/servers/pair ]] || files=yes
        [ "$settings" = "$files" ]
        vserver pair delete --yes || true
    done
    servers=()
}
