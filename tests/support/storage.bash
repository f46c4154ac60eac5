# shellcheck shell=bash
# For tests of the room `storage`: the program storage-tool on the test host's own /var/lib/vservers.

state=/var/lib/vservers

storage() { storage-tool "$state" "$@"; }

# Nothing half done is anywhere: staging and trash are empty.
nothing_half_done() {
    local left
    left=$(ls -A "$state/staging" "$state/trash" | grep -v -e '^$' -e ':$' || true)
    [[ -z $left ]] || { echo "half done: $left"; return 1; }
}

# One sentence, and status 1.
failed_with() {
    [[ $status = 1 ]] || { echo "status $status: $output$stderr"; return 1; }
    [[ $stderr == *"$1"* ]] || { echo "said: $stderr"; return 1; }
    [[ $(wc -l <<<"$stderr") = 1 ]] || { echo "more than one sentence: $stderr"; return 1; }
}

remove_everything() {
    local path
    for path in "$state"/servers/*/; do [[ -d $path ]] && storage destroy "$(basename "$path")"; done
    for path in "$state"/images/*/; do [[ -d $path ]] && storage remove "$(basename "$path")"; done
    storage sweep
}

# An archive with what a server needs least. Arguments: more for tar(1), from the directory $tree.
make_archive() {
    tree=$BATS_TEST_TMPDIR/tree
    mkdir -p "$tree"/{etc/ssh,usr/bin,var/lib/dbus}
    printf 'root:x:0:0:root:/root:/bin/sh\n' >"$tree/etc/passwd"
    printf 'root:$6$secret:19000:0:99999:7:::\n' >"$tree/etc/shadow"
    printf 'the image\n' | tee "$tree"/etc/{machine-id,hostname,ssh/ssh_host_rsa_key} "$tree/var/lib/dbus/machine-id" >/dev/null
    tar -C "$tree" -cf "$BATS_TEST_TMPDIR/image.tar" --owner=0 --group=0 "$@" .
}

# The merged view of a server's layers at $root, as it would see itself.
mount_view() {
    local image
    image=$(sed -n 's/.*"image": "\(.*\)".*/\1/p' "$state/servers/$1/record.json")
    root=$BATS_TEST_TMPDIR/view-$1
    mkdir -p "$root"
    mount -t overlay overlay -o "ro,lowerdir=$state/servers/$1/upper:$state/images/$image/tree,metacopy=on,redirect_dir=on" "$root"
}
unmount_view() { umount "$BATS_TEST_TMPDIR/view-$1"; }
