# vreboot and vhalt, inside servers with different inits, and above all in the main environment.
# Runs in a test host (tests/support/run-suite) as root: its PID namespace is its own, its user namespace the machine's.

load ../support/common
load ../support/small_server

setup() {
    make_root
    cp "$VSERVER_LIBEXEC/vreboot" "$root/vreboot"
    cp "$VSERVER_LIBEXEC/vreboot" "$root/vhalt"
}

teardown() { end_server; end_test; }

# A PID 1 that is no vserver-init, as root of a user namespace, with only these tools in /usr/sbin. $1 is run by it.
under_another_init() {
    run unshare --user --map-root-user --pid --fork --mount --mount-proc --kill-child \
        sh -c "mount --bind '$BATS_TEST_TMPDIR/sbin' /usr/sbin && $1; sleep 5"
}

# A tool that an init of its own would bring.
tool() {
    mkdir -p "$BATS_TEST_TMPDIR/sbin"
    printf '#!/bin/sh\necho "%s ran as $0 with $# arguments"\nkill -KILL 1\n' "$1" >"$BATS_TEST_TMPDIR/sbin/$1"
    chmod 0755 "$BATS_TEST_TMPDIR/sbin/$1"
}

# ---------------------------------------------------------------------------------------------- never the machine

# bats test_tags=stock
@test "in the main environment nothing is done, by force neither" {
    local program option
    for program in vreboot vhalt; do
        for option in '' --force -f; do
            run "$VSERVER_LIBEXEC/$program" $option
            [ "$status" -eq 4 ]
            [ "$output" = "$program: this is the main environment, not a virtual server: nothing was done" ]
        done
    done
}

@test "reboot(2) is not reached in the main environment" {
    require_feature program strace
    local program
    for program in vreboot vhalt; do
        run strace -f -e trace=reboot,kill,execve "$VSERVER_LIBEXEC/$program" --force
        (( $(grep -cE 'reboot\(|kill\(' <<<"$output") == 0 ))
        (( $(grep -c 'execve(' <<<"$output") == 1 ))
    done
}

@test "one namespace alone does not make a server" {
    run unshare --user --map-root-user "$VSERVER_LIBEXEC/vreboot" --force
    [ "$status" -eq 4 ]
    run unshare --pid --fork --mount-proc "$VSERVER_LIBEXEC/vreboot" --force
    [ "$status" -eq 4 ]
}

@test "what only looks like /proc is not believed" {
    require_feature plain_program vreboot         # static ones, for a chroot without libraries
    local fake=$BATS_TEST_TMPDIR/fake
    mkdir -p "$fake/proc/self/ns"
    touch "$fake"/proc/self/ns/{pid,user}
    cp "$VSERVER_LIBEXEC/vreboot" "$fake/vreboot"
    run chroot "$fake" /vreboot --force
    [ "$status" -eq 4 ]
    [ "$output" = 'vreboot: without /proc nobody knows whether this is a virtual server: nothing was done' ]

    rm -r "$fake/proc"
    run chroot "$fake" /vreboot --force
    [ "$status" -eq 4 ]

    mkdir -p "$fake/proc"        # a real procfs with another namespace's directory mounted over ours
    run unshare --mount sh -c "mount -t proc proc '$fake/proc' && mkdir '$fake/ns' && touch '$fake'/ns/pid '$fake'/ns/user &&
        mount --bind '$fake/ns' '$fake/proc/1/ns' && mount --bind '$fake/ns' '$fake/proc/'\$\$/ns && exec chroot '$fake' /vreboot --force"
    [ "$status" -eq 4 ]
}

@test "only root may, and only these names and options exist" {
    run unshare --user --map-user=1000 --pid --fork --mount-proc "$VSERVER_LIBEXEC/vreboot"
    [ "$status" -eq 4 ]
    [ "$output" = "vreboot: only the server's root may do this: nothing was done" ]
    cp "$VSERVER_LIBEXEC/vreboot" "$BATS_TEST_TMPDIR/reboot"
    run "$BATS_TEST_TMPDIR/reboot"
    [ "$status" -eq 2 ]
    run "$VSERVER_LIBEXEC/vreboot" --now
    [ "$status" -eq 2 ]
    run "$VSERVER_LIBEXEC/vhalt" --force --force
    [ "$status" -eq 2 ]
    run "$VSERVER_LIBEXEC/vhalt" --help
    [ "$status" -eq 0 ]
    [[ $output == 'usage: vhalt '* ]]
}

# ---------------------------------------------------------------------------------------------- inside

# bats test_tags=stock
@test "vserver-init is asked and its services get their time" {
    local row
    for row in vreboot:HUP:reboot 'vhalt:INT:power off'; do
        IFS=: read -r program signal wish <<<"$row"
        service "ask root no /$program"
        begin_server
        await_end "signal $signal"
        grep -q "^vserver-init: $wish, asked from inside" "$console"
    done
}

# bats test_tags=stock
@test "by force the server ends at once" {
    local row
    for row in vreboot:HUP vhalt:INT; do
        service "ask root no /${row%:*} --force"
        begin_server
        await_end "signal ${row#*:}"
        run ! grep -q 'asked from inside' "$console"
    done
}

@test "any other init is asked by its own tool" {
    tool reboot
    tool poweroff
    under_another_init "$VSERVER_LIBEXEC/vreboot"
    [[ $output == *'reboot ran as /usr/sbin/reboot with 0 arguments'* ]]
    under_another_init "$VSERVER_LIBEXEC/vhalt"
    [[ $output == *'poweroff ran as /usr/sbin/poweroff with 0 arguments'* ]]
}

@test "an init without a tool is asked by busybox's signals" {
    [[ ! -e /usr/bin/reboot && ! -e /usr/bin/poweroff ]] || skip 'this machine has a reboot in /usr/bin'
    mkdir -p "$BATS_TEST_TMPDIR/sbin"
    under_another_init "trap 'echo terminated; exit 7' TERM && $VSERVER_LIBEXEC/vreboot"
    [[ $output == *terminated* && $status -eq 7 ]]
    under_another_init "trap 'echo told; exit 8' USR2 && $VSERVER_LIBEXEC/vhalt"
    [[ $output == *told* && $status -eq 8 ]]
}
