# The files of one server: its identity, its number, what happens with hostile images, and the end.

load ../support/common
load ../support/storage

teardown() {
    remove_everything
    end_test
}

make_image() {
    make_archive "$@"
    image=$(storage build "$BATS_TEST_TMPDIR/image.tar" 2>/dev/null)
}

@test "a server is somebody: nothing of the image's identity is left" {
    make_image
    storage create web1 "$image"
    mount_view web1
    [ "$(cat "$root/etc/hostname")" = web1 ]
    grep -qx '[0-9a-f]\{32\}' "$root/etc/machine-id"
    [ "$(readlink "$root/var/lib/dbus/machine-id")" = /etc/machine-id ]
    grep -q 'web1.example.org web1' "$root/etc/hosts"
    grep -q '^search example.org' "$root/etc/resolv.conf"
    ! grep -q '^nameserver 127' "$root/etc/resolv.conf" || false
    [ "$(ls "$root/etc/ssh")" = "$(printf 'ssh_host_ed25519_key\nssh_host_ed25519_key.pub')" ]
    [ "$(stat -c %a "$root/etc/ssh/ssh_host_ed25519_key")" = 600 ]
    [ "$(cat "$root/etc/shadow")" = 'root:*:19000:0:99999:7:::' ]
    ! grep -r 'the image' "$root" || false
    unmount_view web1
}

@test "OpenSSH reads the key that we made" {
    require_feature program ssh-keygen
    make_image
    storage create web1 "$image"
    key=$state/servers/web1/upper/etc/ssh/ssh_host_ed25519_key
    [ "$(ssh-keygen -y -f "$key" | cut -d' ' -f1,2)" = "$(cut -d' ' -f1,2 "$key.pub")" ]
}

@test "two servers of one image are two" {
    make_image
    [ "$(storage create web1 "$image")" = 0 ]
    [ "$(storage create web2 "$image")" = 1 ]
    cd "$state/servers"
    for file in etc/machine-id etc/ssh/ssh_host_ed25519_key; do ! cmp -s "web1/upper/$file" "web2/upper/$file"; done
}

@test "a name is taken once, whatever its case, and its number is free again afterwards" {
    make_image
    storage create web1 "$image"
    run --separate-stderr storage create WEB1 "$image"
    [ "$status" = 7 ]
    [[ $stderr == *"server 'web1' exists already"* ]]
    storage destroy web1
    storage destroy web1
    [ "$(storage create Web1 "$image")" = 0 ]
}

@test "ids that somebody on the host has are not given to a server" {
    make_image
    echo "alice:$(( 0x70000000 )):65537" >"$BATS_TEST_TMPDIR/subuid"
    mount --bind "$BATS_TEST_TMPDIR/subuid" /etc/subuid
    number=$(storage create web1 "$image")
    umount /etc/subuid
    [ "$number" = 2 ]
}

@test "servers made at the same time get different numbers" {
    make_image
    for i in 1 2 3 4 5 6; do storage create "web$i" "$image" >"$BATS_TEST_TMPDIR/number$i" 3>&- & done
    wait
    [ "$(cat "$BATS_TEST_TMPDIR"/number? | sort -n | tr '\n' ' ')" = '0 1 2 3 4 5 ' ]
}

@test "an image is not removed under a server" {
    make_image
    storage create web1 "$image"
    run --separate-stderr storage remove "$image"
    [ "$status" = 7 ]
    storage destroy web1
    storage remove "$image"
}

@test "an image whose files are links reaches nothing outside" {
    echo untouched >/var/tmp/witness
    make_archive
    rm "$tree"/etc/{hostname,hosts,machine-id,shadow} 2>/dev/null || true
    ln -s /var/tmp/witness "$tree/etc/hostname"
    ln -s ../../../../../var/tmp/witness "$tree/etc/hosts"
    ln -s /proc/self/root/var/tmp/witness "$tree/etc/machine-id"
    ln -s /var/tmp/witness "$tree/etc/shadow"
    rm -r "$tree/etc/ssh" && ln -s /var/tmp "$tree/etc/ssh"
    tar -C "$tree" -cf "$BATS_TEST_TMPDIR/image.tar" .
    image=$(storage build "$BATS_TEST_TMPDIR/image.tar" 2>/dev/null)
    before=$(ls /var/tmp)
    storage create web1 "$image"
    [ "$(cat /var/tmp/witness)" = untouched ]
    [ "$(ls /var/tmp)" = "$before" ]
    rm /var/tmp/witness
    [ ! -L "$state/servers/web1/upper/etc/hostname" ]
}

@test "an image whose /etc is a link, a file or a directory of directories is judged safely" {
    make_archive
    rm -r "$tree/etc"
    ln -s / "$tree/etc"
    tar -C "$tree" -cf "$BATS_TEST_TMPDIR/link.tar" .
    image=$(storage build "$BATS_TEST_TMPDIR/link.tar" 2>/dev/null)
    storage create link "$image"
    [ "$(cat "$state/servers/link/upper/hostname")" = link ]

    rm "$tree/etc" && echo x >"$tree/etc"
    tar -C "$tree" -cf "$BATS_TEST_TMPDIR/file.tar" .
    image=$(storage build "$BATS_TEST_TMPDIR/file.tar" 2>/dev/null)
    run --separate-stderr storage create file "$image"
    failed_with "/etc/machine-id"

    rm "$tree/etc" && mkdir -p "$tree/etc/hostname"
    tar -C "$tree" -cf "$BATS_TEST_TMPDIR/dir.tar" .
    image=$(storage build "$BATS_TEST_TMPDIR/dir.tar" 2>/dev/null)
    run --separate-stderr storage create dir "$image"
    failed_with "/etc/hostname"
    nothing_half_done
}

@test "a password of root is locked wherever it stands" {
    make_archive
    rm "$tree/etc/shadow"
    printf 'daemon:*:1:1::/:/x\nroot::0:0:root:/root:/bin/sh\n' >"$tree/etc/passwd"
    chmod 640 "$tree/etc/passwd"
    tar -C "$tree" -cf "$BATS_TEST_TMPDIR/image.tar" --owner=0 --group=42 .
    image=$(storage build "$BATS_TEST_TMPDIR/image.tar" 2>/dev/null)
    storage create web1 "$image"
    [ "$(tail -1 "$state/servers/web1/upper/etc/passwd")" = 'root:*:0:0:root:/root:/bin/sh' ]
    [ "$(stat -c '%a %g' "$state/servers/web1/upper/etc/passwd")" = '640 42' ]
}

@test "what moves a server is listed, and a copy of it is the server" {
    make_image
    storage create web1 "$image"
    [ "$(storage files web1)" = "$(printf '%s\n' /etc/vservers/web1.toml "$state/servers/web1" "$state/images/$image")" ]
    cp -a "$state/servers/web1" "$state/servers/copy"
    [ "$(storage files copy | sed -n 3p)" = "$state/images/$image" ]
}

@test "a server needs an image, and no server is no server" {
    run --separate-stderr storage create web1 tar-0123456789ab
    failed_with "there is no image"
    run --separate-stderr storage files web1
    [ "$status" = 5 ]
}

@test "the second server from an image costs little: no file of the image is read or copied" {
    make_image
    storage create web1 "$image"
    run strace -f -c -o "$BATS_TEST_TMPDIR/calls" storage-tool "$state" create web2 "$image"
    calls=$(awk '$NF == "total" { print $4 }' "$BATS_TEST_TMPDIR/calls")
    echo "$calls system calls"
    [ "$calls" -lt 900 ]
}
