#!/usr/bin/env bats
# Builds, deletions and removals of images, killed at any system call or told by the kernel that it cannot: the server `new` is
# there whole or not at all.

load ../support/common
load ../support/servers
load ../support/sweep
load ../support/sweep_build

setup_file() { build_small; begin_suite; }
setup() { begin_sweep; }
teardown() { servers+=(new); remove_servers; remove_images; end_test; }

# ---- build -------------------------------------------------------------------------------------------------------

from_image() {
    before() { absent; }
    build=(new build --image "$small_image" --network none)
}
from_archive() {
    local tree=$BATS_TEST_TMPDIR/tree
    before() { absent; remove_images; }
    mkdir -p "$tree"/{bin,etc}
    cp /bin/busybox "$tree/bin/true"
    echo root:x:0:0:root:/root:/bin/sh >"$tree/etc/passwd"
    tar -C "$tree" -cf "$BATS_TEST_TMPDIR/new.tar" .
    build=(new build --from "$BATS_TEST_TMPDIR/new.tar" --network none)
}

@test "build from an image, killed" { from_image; sweep_build kill 5; }

@test "build from an image, with calls that fail" { from_image; sweep_build error 5; }

@test "build from an archive, killed" { from_archive; sweep_build kill 5; }

@test "build from an archive, its command killed while its helpers go on" { from_archive; sweep_build kill-main 3; }

@test "build from an archive, with calls that fail" { from_archive; sweep_build error 6; }

# ---- delete ------------------------------------------------------------------------------------------------------

sweep_delete() {
    before() { present; }
    after_kill() { if there; then expect 0 next new delete --yes; else expect 0 repaired; fi && settled; }
    after_error() { after_kill; }
    sweep "$@" vserver new delete --yes
}

@test "delete, killed" { sweep_delete kill 6; }

@test "delete, with calls that fail" { sweep_delete error 6; }

# ---- images ------------------------------------------------------------------------------------------------------

# The image is made of links to another's files: that is soon done.
sweep_image() {
    copy=tar-000000000000
    before() { make_copy; }
    after_kill() { expect 0 repaired && expect 0 next images && nothing_half_removed; }
    after_error() { after_kill; }
    sweep "$@" vserver images remove "$copy"
}
make_copy() {
    local images=/var/lib/vservers/images
    [[ ! -e $images/$copy ]] || return 0
    cp -al "$images/$small_image" "$images/$copy"
    sed "s/$small_image/$copy/" "$images/$small_image/image.json" >"$images/$copy/.new"
    mv "$images/$copy/.new" "$images/$copy/image.json"
}
nothing_half_removed() {
    local left
    left=$(ls -A /var/lib/vservers/{staging,trash} | grep -v -e : -e '^$' || true)
    [[ -z $left ]] || { echo "half removed: $left"; return 1; }
}

@test "the removal of an image, killed" { sweep_image kill 3; }

@test "the removal of an image, with calls that fail" { sweep_image error 3; }
