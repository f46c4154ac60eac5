# Images from archives: what vserver-unpack takes, what it refuses, and what it leaves behind.

load ../support/common
load ../support/storage

setup_file() {
    export corpus=$BATS_FILE_TMPDIR/corpus
    "$(command -v python3)" "$BATS_TEST_DIRNAME/../support/hostile_tars.py" "$corpus"
    begin_suite
}

setup() {
    echo untouched >/var/tmp/witness
    ls -A /var/tmp >"$BATS_TEST_TMPDIR/before"
}

teardown() {
    remove_everything
    [[ $(cat /var/tmp/witness) = untouched ]]
    ls -A /var/tmp | diff "$BATS_TEST_TMPDIR/before" -
    rm /var/tmp/witness
    end_test
}

# Calls a function with file and check for each case of a verdict; all are tried before the test fails.
each_case() {
    local file verdict check failed=0 count=0
    while IFS=$'\t' read -r file verdict check <&3; do
        [[ $verdict = "$1" ]] || continue
        count=$((count + 1))
        "$2" "$file" "$check" || { echo "wrong: $file"; failed=1; }
    done 3<"$corpus/cases"
    echo "$count cases"
    (( count >= $3 && ! failed ))
}

refuse() {
    run --separate-stderr storage build "$corpus/$1"
    failed_with "$2" && nothing_half_done && [[ -z $(ls "$state/images") ]]
}

take() {
    local image
    image=$(storage build "$corpus/$1" 2>/dev/null) || return 1
    (cd "$state/images/$image/tree" && eval "$2") || { ls -la "$state/images/$image/tree"; return 1; }
    storage remove "$image"
}

@test "every hostile or broken archive is one clear sentence, and nothing is left" {
    each_case refused refuse 55
}

@test "what is only unusual is taken, as tar would" {
    each_case taken take 30
}

@test "files on disk belong to 0..65535, and the child that wrote them to nobody" {
    make_archive
    image=$(storage build "$BATS_TEST_TMPDIR/image.tar" 2>/dev/null)
    [ -z "$(find "$state/images/$image/tree" -not -uid 0 -print)" ]
}

@test "the child has no right on the host" {
    require_feature program strace
    require_feature plain_program vserver-unpack
    make_archive
    head -c 300M /dev/zero >"$tree/big"
    tar -C "$tree" -cf "$BATS_TEST_TMPDIR/image.tar" .
    storage build "$BATS_TEST_TMPDIR/image.tar" >/dev/null 2>&1 3>&- &
    builder=$!
    child() { pgrep -x vserver-unpack; }
    wait_until child
    status_of() { cat "/proc/$(child)/status"; }
    seccomp() { status_of | grep -q '^Seccomp:.2'; }
    wait_until seccomp
    status_of >"$BATS_TEST_TMPDIR/status"
    ls "/proc/$(child)/fd" | wc -l >"$BATS_TEST_TMPDIR/fds"
    readlink "/proc/$(child)/ns/net" >"$BATS_TEST_TMPDIR/net"
    wait "$builder"
    grep -q $'^Uid:\t1877999616\t' "$BATS_TEST_TMPDIR/status"
    grep -q $'^NoNewPrivs:\t1' "$BATS_TEST_TMPDIR/status"
    grep -q $'^CapBnd:\t000000008000001b' "$BATS_TEST_TMPDIR/status"
    [ "$(cat "$BATS_TEST_TMPDIR/fds")" -le 7 ]
    [ "$(cat "$BATS_TEST_TMPDIR/net")" != "$(readlink /proc/self/ns/net)" ]
}

@test "an archive is unpacked once: the same file again is the same image" {
    make_archive
    first=$(storage build "$BATS_TEST_TMPDIR/image.tar" 2>/dev/null)
    [ "$(storage build "$BATS_TEST_TMPDIR/image.tar")" = "$first" ]
    touch "$BATS_TEST_TMPDIR/image.tar"
    [ "$(storage build "$BATS_TEST_TMPDIR/image.tar" 2>/dev/null)" != "$first" ]
}

@test "an image is kept for the archive that it was made of, whatever the name leads to meanwhile" {
    local key builder holder
    make_archive
    mv "$BATS_TEST_TMPDIR/image.tar" "$BATS_TEST_TMPDIR/trusted.tar"
    echo theirs >"$tree/etc/marker"
    tar -C "$tree" -cf "$BATS_TEST_TMPDIR/theirs.tar" --owner=0 --group=0 .
    image=$(storage build "$BATS_TEST_TMPDIR/trusted.tar" 2>/dev/null)
    key=$(sed -nE 's/.*"key": "(.{16}).*/\1/p' "$state/images/$image/image.json")
    storage remove "$image"
    ln -s trusted.tar "$BATS_TEST_TMPDIR/name.tar"
    mkdir "$state/staging/image-$key"
    flock --no-fork "$state/staging/image-$key" sleep 1000 3>&- &
    holder=$!
    wait_until grep -q "FLOCK .* $holder " /proc/locks
    storage-tool "$state" build "$BATS_TEST_TMPDIR/name.tar" 2>/dev/null >"$BATS_TEST_TMPDIR/id" 3>&- &
    builder=$!
    wait_until grep -q -- "-> FLOCK .* $builder " /proc/locks       # it has its key, and waits for another build of the same
    ln -sfn theirs.tar "$BATS_TEST_TMPDIR/name.tar"
    kill "$holder"
    wait "$builder"
    [ "$(storage build "$BATS_TEST_TMPDIR/trusted.tar" 2>/dev/null)" = "$(<"$BATS_TEST_TMPDIR/id")" ]
    [ ! -e "$state/images/$(<"$BATS_TEST_TMPDIR/id")/tree/etc/marker" ]
}

@test "two builds from one archive at the same time make one image" {
    make_archive
    for i in 1 2 3; do storage build "$BATS_TEST_TMPDIR/image.tar" 2>/dev/null >"$BATS_TEST_TMPDIR/id$i" 3>&- & done
    wait
    [ "$(ls "$state/images" | wc -l)" = 1 ]
    cmp "$BATS_TEST_TMPDIR/id1" "$BATS_TEST_TMPDIR/id3"
    nothing_half_done
}

@test "no archive, a directory, a fifo and a device are no archives" {
    mkfifo "$BATS_TEST_TMPDIR/fifo"
    for file in /nowhere/x.tar "$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR/fifo" /dev/zero; do
        run --separate-stderr storage build "$file"
        [ "$status" -ne 0 ]
        [ "$(wc -l <<<"$stderr")" = 1 ]
    done
}

@test "a full disk is one sentence and nothing is left" {
    make_archive
    head -c 16M /dev/urandom >"$tree/big"
    tar -C "$tree" -cf "$BATS_TEST_TMPDIR/image.tar" .
    truncate -s 8M "$BATS_TEST_TMPDIR/disk"
    mkfs.ext4 -qF "$BATS_TEST_TMPDIR/disk"
    mount -o loop "$BATS_TEST_TMPDIR/disk" "$state"     # no tmpfs, which an old kernel cannot map
    run --separate-stderr storage build "$BATS_TEST_TMPDIR/image.tar"
    left=$(ls -A "$state/staging" "$state/images" "$state/trash" | grep -v ':$' || true)
    umount "$state"
    [ "$status" = 1 ]
    [[ $stderr == *ENOSPC* ]]
    [ -z "$left" ]
}

@test "Ctrl-C leaves nothing" {
    make_archive
    head -c 500M /dev/zero >"$tree/big"
    tar -C "$tree" -cf "$BATS_TEST_TMPDIR/image.tar" .
    storage-tool "$state" build "$BATS_TEST_TMPDIR/image.tar" >/dev/null 2>"$BATS_TEST_TMPDIR/said" 3>&- &
    builder=$!
    wait_until pgrep -x vserver-unpack
    kill -INT "$builder"
    ended() { [[ ! -e /proc/$builder ]]; }
    wait_until ended
    nothing_half_done
    [ -z "$(ls "$state/images")" ]
    grep -q interrupted "$BATS_TEST_TMPDIR/said"
    run pgrep -x vserver-unpack
    [ "$status" = 1 ]
}

@test "an unpacking child that is killed is an error and nothing is left" {
    make_archive
    head -c 500M /dev/zero >"$tree/big"
    tar -C "$tree" -cf "$BATS_TEST_TMPDIR/image.tar" .
    storage-tool "$state" build "$BATS_TEST_TMPDIR/image.tar" >/dev/null 2>"$BATS_TEST_TMPDIR/said" 3>&- &
    builder=$!
    wait_until pgrep -x vserver-unpack
    pkill -KILL -x vserver-unpack
    ended() { [[ ! -e /proc/$builder ]]; }
    wait_until ended
    nothing_half_done
    grep -q 'killed by signal 9' "$BATS_TEST_TMPDIR/said"
}
