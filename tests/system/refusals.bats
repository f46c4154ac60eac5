#!/usr/bin/env bats
# Machines and servers that are not as they should be: what a start says to them, and that nothing is left of it.

load ../support/common
load ../support/servers

images=/var/lib/vservers/images files=/var/lib/vservers/servers/web settings=/etc/vservers/web.toml

setup_file() {
    build_small
    begin_suite
}

setup() {
    new_small web --address 10.77.0.50
    add_service web hold /bin/sleep 1000
}

teardown() { remove_servers; end_test; }

# Arguments: the exit status, a pattern that the one sentence has, then a command.
refused() {
    local expected=$1 pattern=$2
    mark
    run --separate-stderr "${@:3}"
    echo "status $status: $stderr"
    [ "$status" -eq "$expected" ]
    [ "$(wc -l <<<"$stderr")" -eq 1 ]
    # shellcheck disable=SC2053
    [[ $stderr == $pattern ]]
    audit_now
}

start_is_refused() { refused "$1" "vserver: cannot start 'web': $2" vserver web start; }

# The kernel takes its cable away a moment after its end: what is refused next is held against a machine without.
starts() {
    vserver web start
    vserver web stop
    wait_until no_cable
}
no_cable() { [[ $(ip -oneline link show type veth) != *vs-* ]]; }

# ---------------------------------------------------------------------------------------------- files that are missing

@test "an image that is missing or damaged refuses a start, and the server starts when it is back" {
    local image=$images/$small_image
    mv "$image" "$BATS_TEST_TMPDIR/image"
    start_is_refused 1 "there is no image '$small_image'*"
    mv "$BATS_TEST_TMPDIR/image" "$image"

    mv "$image/tree" "$BATS_TEST_TMPDIR/tree"
    start_is_refused 1 "its image is missing or damaged, bring it back from a copy: *$image/tree*ENOENT*"
    touch "$image/tree"
    start_is_refused 1 "its image is missing or damaged, bring it back from a copy: *$image/tree*ENOTDIR*"
    rm "$image/tree"
    mv "$BATS_TEST_TMPDIR/tree" "$image/tree"

    cp -a "$image/image.json" "$BATS_TEST_TMPDIR/"
    for content in '' '{' '[]' '{"id": 3}'; do
        printf '%s' "$content" >"$image/image.json"
        start_is_refused 1 "*image '$small_image'*"
    done
    refused 1 "vserver: read the record of image '$small_image': *" vserver images
    vserver other build --from "$BATS_FILE_TMPDIR/small.tar" --network none    # and nobody needs the damaged one for that
    servers+=(other)
    [[ $(vserver images --json 2>/dev/null | jq -r '.images[].servers[]') == other ]]
    refused 7 "vserver: image '$small_image' is the root of server*" vserver images remove "$small_image"
    cp -a "$BATS_TEST_TMPDIR/image.json" "$image/"
    starts
}

@test "own files that are missing or damaged refuse a start, and the server starts when they are back" {
    local part
    for part in upper work; do
        mv "$files/$part" "$BATS_TEST_TMPDIR/part"
        start_is_refused 1 "its own files are missing or damaged, bring them back from a copy: *$files/$part*ENOENT*"
        touch "$files/$part"
        start_is_refused 1 "its own files are missing or damaged, bring them back from a copy: *$files/$part*ENOTDIR*"
        rm "$files/$part"
        mv "$BATS_TEST_TMPDIR/part" "$files/$part"
    done
    starts
}

@test "a record that is missing or damaged refuses every verb, and delete removes such a server" {
    cp -a "$files/record.json" "$BATS_TEST_TMPDIR/"
    for content in '' '{' 'null' '{"number": -1}' '{"number": 99999999}'; do
        printf '%s' "$content" >"$files/record.json"
        start_is_refused 1 "read the record of server 'web': *"
    done
    rm "$files/record.json"
    start_is_refused 1 "the files of server 'web' have no record.json: *"
    refused 1 "vserver: cannot build 'other': the files of server 'web' have no record.json: *" vserver other build --image "$small_image" --network none
    cp -a "$BATS_TEST_TMPDIR/record.json" "$files/"
    starts
    mv "$files" "$BATS_TEST_TMPDIR/"
    refused 5 "vserver: 'web' has settings but no files: *" vserver web start
    vserver web delete --yes
    servers=()
}

@test "servers that are damaged keep nobody from seeing, stopping and starting the others" {
    new_small other --address 10.77.0.51
    new_small third --address 10.77.0.52
    add_service other hold /bin/sleep 1000
    mv "$files" "$BATS_TEST_TMPDIR/"
    vserver other start
    mkdir -p /run/vservers/third
    echo nonsense >/run/vservers/third/state
    run_vserver list
    [[ $output == *'web'*'stopped, broken'* && $output == *'other'*'running'* ]]
    [ "$(vserver list --json | jq -r '.servers[] | select(.name == "web").problem')" != null ]
    run --separate-stderr vserver-stat
    [[ $status -eq 1 && $output == *other* && $stderr == *"the state file has no proper"* ]]
    run_vserver stop --running
    echo "$output $stderr"
    [ "$status" -eq 1 ]
    [[ $output == 'other: stopped' && $stderr == *"cannot stop 'third': "* ]]
    run_vserver start --all
    [[ $status -eq 5 && $output == *'other: started'* && $stderr == *"'web' has settings but no files"* ]]
    vserver image-small stop
    rm /run/vservers/third/state
    mv "$BATS_TEST_TMPDIR/web" "$files"
}

@test "a build whose server cannot be watched says that the server is there" {
    mv /var/lib/vservers/guard "$BATS_TEST_TMPDIR/"
    touch /var/lib/vservers/guard
    run_vserver other build --image "$small_image" --network none
    rm /var/lib/vservers/guard
    mv "$BATS_TEST_TMPDIR/guard" /var/lib/vservers/
    servers+=(other)
    echo "$status: $output $stderr"
    [[ $status -eq 1 && $output == 'other: built (context '* ]]
    [[ $stderr == "vserver: 'other' is built and can be started, but"*"delete 'other' and build it again: "* ]]
    vserver other start
}

# ---------------------------------------------------------------------------------------------- settings that are lost

@test "a server whose settings are lost is kept by repair and by a build, and is there again with them" {
    echo precious >"$files/upper/precious"
    mv "$settings" "$BATS_TEST_TMPDIR/"
    refused 5 "vserver: 'web' has files but no settings: bring back $settings, or delete it" vserver web start
    run_vserver repair
    [ "$status" -eq 0 ]
    [[ $output == *"'web' has files but no settings: bring back $settings, or delete it"* ]]
    refused 5 "vserver: cannot build 'web': 'web' has files but no settings: *" vserver web build --image "$small_image" --network none
    [ "$(cat "$files/upper/precious")" = precious ]
    mv "$BATS_TEST_TMPDIR/web.toml" "$settings"
    [ "$(vserver web exec -- cat /precious)" = precious ]
}

# Arguments: what the remark says of the settings.
stops_without_settings() {
    vserver list | grep '^web .*running'
    run_vserver web stop
    echo "$status: $output $stderr"
    [[ $status -eq 0 && $output == 'web: stopped' && $stderr == *"'web' is stopped, but: without its hooks and its stop_timeout, "*"$1"* ]]
    [ "$(wc -l <<<"$stderr")" -eq 1 ]
}

@test "a server that runs is asked to stop when its settings have been damaged or lost, and its hooks are skipped" {
    printf '#!/bin/sh\necho "$1" >>%s\n' "$BATS_TEST_TMPDIR/hooked" >"$BATS_TEST_TMPDIR/hook"
    chmod 755 "$BATS_TEST_TMPDIR/hook"
    sed -i "s|^#hooks = .*|hooks = \"$BATS_TEST_TMPDIR/hook\"|" "$settings"
    cp -a "$settings" "$BATS_TEST_TMPDIR/good"
    mark
    vserver web start
    echo 'nonsense' >"$settings"
    stops_without_settings "$settings:1: "
    cp -a "$BATS_TEST_TMPDIR/good" "$settings"
    audit_now

    vserver web start
    rm "$settings"
    stops_without_settings 'but no settings'
    run ! grep stop "$BATS_TEST_TMPDIR/hooked"
    run_vserver web stop
    [[ $status -eq 5 && $stderr == *"'web' has files but no settings: "* ]]

    cp -a "$BATS_TEST_TMPDIR/good" "$settings"
    vserver web start
    mv "$files" "$BATS_TEST_TMPDIR/files"
    rm "$settings"
    vserver web stop --kill
    cp -a "$BATS_TEST_TMPDIR/good" "$settings"
    mv "$BATS_TEST_TMPDIR/files" "$files"
    audit_now
    starts
    [ "$(grep -c stop "$BATS_TEST_TMPDIR/hooked")" = 2 ]
}

@test "a machine that goes down stops servers whose settings have been damaged or lost" {
    new_small other --address 10.77.0.51
    add_service other hold /bin/sleep 1000
    mark
    vserver web start
    vserver other start
    mv "$settings" "$BATS_TEST_TMPDIR/"
    cp -a /etc/vservers/other.toml "$BATS_TEST_TMPDIR/"
    echo '[network' >/etc/vservers/other.toml
    run_vserver stop --running
    [[ $status -eq 0 && $output == *'other: stopped'* && $output == *'web: stopped'* && $output != *killed* ]]
    cp -a "$BATS_TEST_TMPDIR"/{web,other}.toml /etc/vservers/
    audit_now
}

@test "a restart of a server whose settings are damaged leaves it running" {
    vserver web start
    cp -a "$settings" "$BATS_TEST_TMPDIR/"
    echo 'nonsense' >"$settings"
    run_vserver web restart
    [[ $status -ne 0 && $stderr == "vserver: cannot restart 'web': "* ]]
    is_running web
    cp -a "$BATS_TEST_TMPDIR/web.toml" "$settings"
}

@test "delete removes a server whose settings are lost" {
    rm "$settings"
    run_vserver web delete --yes
    [ "$status" -eq 0 ]
    [ ! -e "$files" ]
    servers=()
}

@test "what a killed delete or build has left is removed, and a name is free again" {
    touch "$files/incomplete"
    rm "$settings"
    run_vserver repair
    [ "$status" -eq 0 ]
    [[ $output == *'web: removed files without settings'* ]]
    [ ! -e "$files" ]
    servers=()
    new_small web --address 10.77.0.50
    [ ! -e "$files/incomplete" ]
}

@test "a build that was killed when all was there is completed by repair" {
    touch "$files/incomplete"
    run_vserver repair
    [[ $output == *'web: completed its build'* ]]
    [ ! -e "$files/incomplete" ]
    add_service web other /bin/sleep 1000
    starts
}

# ---------------------------------------------------------------------------------------------- full disks

@test "a full /run refuses a start, and there is room for the next" {
    mount -t tmpfs -o size=64k,nr_inodes=7 none /run/vservers
    run_vserver web start
    umount -R /run/vservers
    [ "$status" -eq 1 ]
    [[ $stderr == "vserver: cannot start 'web': "*ENOSPC* ]]
    [ "$(wc -l <<<"$stderr")" -eq 1 ]
    starts
}

@test "a server on a full disk starts and stops, and only its own writes fail" {
    cp -a "$files" "$BATS_TEST_TMPDIR/web"
    truncate -s 2M "$BATS_TEST_TMPDIR/disk"
    mkfs.ext4 -qF "$BATS_TEST_TMPDIR/disk"
    mount -o loop "$BATS_TEST_TMPDIR/disk" "$files"     # no tmpfs, which an old kernel cannot map
    cp -a "$BATS_TEST_TMPDIR/web/." "$files"
    dd if=/dev/zero of="$files/volumes/fill" bs=1k status=none || true
    vserver web start
    run_vserver web exec -- sh -c 'echo much >/root/file'
    [ "$status" -ne 0 ]
    # The second where overlayfs has found no room for its own directory.
    [[ $stderr == *'No space left'* || $stderr == *'Read-only file system'* ]]
    [ "$(vserver web exec -- echo works)" = works ]
    vserver web stop
    rm "$files/volumes/fill"
    vserver web start
    vserver web exec -- sh -c 'echo much >/root/file'
    vserver web stop
    umount "$files"
}

# ---------------------------------------------------------------------------------------------- kernels and privileges

@test "a call that the kernel lacks refuses a start with 6" {
    local call
    for call in clone3 mount_setattr open_tree move_mount unshare setns openat2 fsopen seccomp keyctl; do
        refused 6 "vserver: cannot start 'web': *ENOSYS*" lacking "$call" -- vserver web start
    done
    starts
}

@test "a first process that ends tells why, wherever it is met on its way out" {
    local round
    for round in {1..20}; do refused 6 "vserver: cannot start 'web': *ENOSYS*" lacking keyctl -- vserver web start; done
    starts
}

@test "a file system that the kernel lacks refuses a start" {
    refused 1 "vserver: cannot start 'web': *ENODEV*" lacking fsconfig=19 -- vserver web start
    starts
}

@test "namespaces that the machine has not left, or forbids, refuse a start" {
    refused 1 "vserver: cannot start 'web': *ENOSPC*" lacking clone3=28 -- vserver web start
    refused 4 "vserver: cannot start 'web': *EPERM*" lacking clone3=1 -- vserver web start
    starts
}

@test "a server whose recorder cannot be started is not started" {
    starts    # the first start of a boot runs nft
    # As musl makes a process (fork(2)): of all that another start runs only the keeper does.
    refused 1 "vserver: cannot start 'web': its recorder cannot be started: *" lacking fork=11 -- vserver web start
    starts
}

@test "a root without the rights it takes is refused with 4" {
    local right
    for right in sys_admin setpcap dac_override; do
        refused 4 "vserver: cannot start 'web': *" setpriv --bounding-set "-$right" vserver web start
    done
    starts
}

@test "who is not root is refused with 4" {
    refused 4 'vserver: only root may do this*' setpriv --reuid 1000 --regid 1000 --clear-groups vserver web start
}
