# Images by mmdebstrap: what we ask it for and what we make of its answers. A script stands in its place, because a test host
# has no network; the real one runs where a mirror answers (VSERVER_MIRROR_TEST=1 outside a test host, see docs/testing.md).

load ../support/common
load ../support/storage

setup() {
    fake=$BATS_TEST_TMPDIR/mmdebstrap
    export said=/run/mmdebstrap.said
    cat >"$fake" <<'END'
#!/bin/sh
printf '%s\n' "$@" >/run/mmdebstrap.said
for last; do case $last in */tree) tree=$last ;; esac; done
[ ! -f "$last" ] || cat "$last" >/run/mmdebstrap.sources
. /run/mmdebstrap.behaviour
END
    chmod 755 "$fake"
    touch /run/mmdebstrap.sources
    mkdir -p "$BATS_TEST_TMPDIR/bin"
    mount --bind "$fake" /usr/bin/mmdebstrap
    cat >/run/mmdebstrap.behaviour <<'END'
echo "I: running apt-get update..." >&2
mkdir -p "$tree/etc/apt/sources.list.d" "$tree/etc/ssh" "$tree/usr/lib"
echo host >"$tree/etc/hostname"
echo key >"$tree/etc/ssh/ssh_host_rsa_key"
echo deb secret >"$tree/etc/apt/sources.list.d/0000sources.list"
printf 'VERSION_CODENAME=trixie\n' >"$tree/usr/lib/os-release"
END
}

teardown() {
    umount /usr/bin/mmdebstrap
    rm -f /run/mmdebstrap.*
    remove_everything
    end_test
}

with_sources() {
    echo "$1" >"$BATS_TEST_TMPDIR/sources.list"
    mkdir -p "$BATS_TEST_TMPDIR/empty"
    unshare --mount sh -c 'mount --bind "$1/sources.list" /etc/apt/sources.list 2>/dev/null ||
        { mkdir -p "$1/apt" && cp -a /etc/apt/. "$1/apt" && cp "$1/sources.list" "$1/apt/" && mount --bind "$1/apt" /etc/apt; }
        mount --bind "$1/empty" /etc/apt/sources.list.d
        shift; exec "$@"' sh "$BATS_TEST_TMPDIR" "${@:2}"
}

@test "the suite comes from this host's own mirrors, and credentials do not reach the image" {
    own=$(. /etc/os-release; echo "$VERSION_CODENAME")
    with_sources "deb [trusted=yes] http://user:secret@mirror.example/debian $own main" \
        storage-tool "$state" build debian:trixie nginx >"$BATS_TEST_TMPDIR/id" 2>/dev/null
    image=$(cat "$BATS_TEST_TMPDIR/id")
    grep -qx 'deb \[trusted=yes\] http://user:secret@mirror.example/debian trixie main' /run/mmdebstrap.sources
    [ "$(cat "$state/images/$image/tree/etc/apt/sources.list")" = 'deb [trusted=yes] http://mirror.example/debian trixie main' ]
    ! grep -r secret "$state/images/$image" || false
    [[ $image == debian-trixie-* ]]
}

@test "what makes a server is asked for beside the packages, and nothing can be an option" {
    storage build debian nginx redis-server >/dev/null 2>&1
    grep -qx -- '--include=.*nginx.*' "$said"
    for package in systemd-sysv dbus redis-server; do grep -q -- "--include=.*\b$package\b" "$said"; done
    run --separate-stderr storage build debian --aptopt=x
    [ "$status" = 2 ]
}

@test "the result is nobody" {
    image=$(storage build debian 2>/dev/null)
    tree=$state/images/$image/tree
    [ ! -e "$tree/etc/hostname" ]
    [ ! -e "$tree/etc/ssh/ssh_host_rsa_key" ]
    [ ! -e "$tree/etc/apt/sources.list.d/0000sources.list" ]
}

@test "the second build is the first; other packages are another image" {
    first=$(storage build debian a-package 2>/dev/null)
    rm "$said"
    [ "$(storage build debian a-package)" = "$first" ]
    [ ! -e "$said" ]
    [ "$(storage build debian other-package 2>/dev/null)" != "$first" ]
}

@test "its steps are shown, and its own words are the error" {
    echo 'echo "E: Unable to locate package nginy" >&2; echo "I: cleaning up" >&2; exit 1' >>/run/mmdebstrap.behaviour
    run --separate-stderr storage build debian nginy
    [ "$status" = 1 ]
    [[ ${stderr_lines[0]} == 'running apt-get update' ]]
    [[ $stderr == *"mmdebstrap could not build the system: Unable to locate package nginy"* ]]
    nothing_half_done
}

@test "nothing that it starts outlives it, and no mount of it is seen outside" {
    echo 'mount -t tmpfs none "$tree"; sleep 1000 & mkdir "$tree/etc"' >>/run/mmdebstrap.behaviour
    run --separate-stderr storage build debian
    run pgrep -f 'sleep 1000'
    [ "$status" = 1 ]
}

@test "Ctrl-C ends it and leaves nothing" {
    echo 'sleep 1000' >>/run/mmdebstrap.behaviour
    storage-tool "$state" build debian >/dev/null 2>&1 3>&- &
    builder=$!
    wait_until test -e "$said"
    kill -INT "$builder"
    ended() { [[ ! -e /proc/$builder ]]; }
    wait_until ended
    nothing_half_done
    [ -z "$(ls "$state/images")" ]
}

@test "a killed build takes mmdebstrap with it" {
    echo 'sleep 1000' >>/run/mmdebstrap.behaviour
    storage-tool "$state" build debian >/dev/null 2>&1 3>&- &
    builder=$!
    wait_until test -e "$said"
    kill -KILL "$builder"
    gone() { ! pgrep -f 'sleep 1000'; }
    wait_until gone
    storage sweep
    nothing_half_done
}
