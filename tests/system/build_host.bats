# An image of the running host: a system that works, and nothing of the host's own in it.

load ../support/common
load ../support/storage

# Built once: it is the cache that every test after the first finds. The host gets secrets of all kinds first, each with a
# word in it that no image may have.
setup_file() {
    export secret=s3cr3t-of-the-host-$RANDOM$RANDOM
    export state=/var/lib/vservers
    plant
    storage-tool "$state" build host >"$BATS_FILE_TMPDIR/id" 2>"$BATS_FILE_TMPDIR/said" || { cat "$BATS_FILE_TMPDIR/said"; return 1; }
    begin_suite
}

teardown_file() {
    storage-tool "$state" remove "$(cat "$BATS_FILE_TMPDIR/id")"
    umount /etc /root /var/cache /var/lib/systemd
}

setup() {
    image=$(cat "$BATS_FILE_TMPDIR/id")
    tree=$state/images/$image/tree
}

# An overlay over a directory of the host, in this test host only, with the secrets in its upper layer.
cover() {
    local upper=$BATS_FILE_TMPDIR/cover$1
    mkdir -p "$upper/upper" "$upper/work"
    mount -t overlay overlay -o "lowerdir=$1,upperdir=$upper/upper,workdir=$upper/work" "$1"
}

plant() {
    local dir
    for dir in /etc /root /var/cache /var/lib/systemd; do cover "$dir"; done
    sed -i "s|^root:[^:]*:|root:\$6\$$secret:|" /etc/shadow
    mkdir -p /etc/ssh /etc/ssl/private /etc/apt/auth.conf.d /etc/apt/sources.list.d /root/.ssh /var/cache/debconf
    for file in /etc/ssh/ssh_host_rsa_key /etc/ssl/private/site.key /etc/machine-id /etc/hostname /etc/apt/auth.conf /etc/hosts \
        /etc/apt/auth.conf.d/mirror.conf /root/.ssh/id_rsa /root/.netrc /etc/krb5.keytab /etc/default/local /etc/environment \
        /var/cache/debconf/passwords.dat /var/lib/systemd/random-seed /var/lib/systemd/credential.secret /etc/sudoers.d-local; do
        echo "$secret" >"$file"
    done
    echo "# $secret" | tee -a /etc/login.defs /etc/pam.d/common-auth /etc/pam.d/login /etc/security/limits.conf /etc/profile \
        /etc/nsswitch.conf /etc/bash.bashrc >/dev/null
    echo "deb https://user:$secret@mirror.example/debian bookworm main" >/etc/apt/sources.list.d/private.list
    echo "Acquire::http::Proxy \"http://user:$secret@proxy\";" >/etc/apt/apt.conf.d/99local
    useradd --uid 4321 --comment "$secret" "human" 2>/dev/null || echo "human:x:4321:4321:$secret:/nonexistent:/bin/sh" >>/etc/passwd
}

# Runs a command in the image as a server would: below a layer of its own, in namespaces of its own.
inside() {
    local layer=$BATS_TEST_TMPDIR/layer
    mkdir -p "$layer/upper" "$layer/work" "$layer/root"
    unshare --mount --pid --fork --uts --net --propagation private sh -c '
        mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$2/root"
        mount -t proc proc "$2/root/proc"
        mount --rbind /dev "$2/root/dev"
        root=$2/root; shift 2
        exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 chroot "$root" "$@"' sh "$tree" "$layer" "$@"
}

@test "no secret of the host is in the image, by content" {
    run grep -rlaF "$secret" "$tree" "$state/images/$image/image.json"
    echo "$output"
    [ "$status" = 1 ]
}

@test "no secret of the host is in the image, by name" {
    for path in etc/machine-id etc/hostname etc/apt/auth.conf etc/apt/auth.conf.d/mirror.conf etc/krb5.keytab root/.netrc root/.ssh/id_rsa \
        var/lib/systemd/random-seed var/lib/systemd/credential.secret var/cache/debconf/passwords.dat var/lib/dbus/machine-id; do
        [ ! -e "$tree/$path" ] || { echo "$path is there"; return 1; }
    done
    [ -z "$(find "$tree/etc/ssh" -name 'ssh_host_*' 2>/dev/null)" ]
    [ -z "$(ls -A "$tree/home" "$tree/tmp" "$tree/run" "$tree/dev" "$tree/var/cache/apt" | grep -v -e ':$' -e '^$')" ]
    [ -z "$(find "$tree/var/log" -type f)" ]
}

@test "no account of a person, and no password, came along" {
    ! grep -q human "$tree/etc/passwd" "$tree/etc/shadow" "$tree/etc/group" || false
    [ -z "$(cut -d: -f2 "$tree/etc/shadow" | grep -v '^[*!]')" ]
    [ -z "$(cut -d: -f2 "$tree/etc/passwd" | grep -v '^x$')" ]
}

@test "what was changed on the host is left out and named" {
    for file in /etc/login.defs /etc/pam.d/login /etc/bash.bashrc; do
        [ ! -e "$tree$file" ]
        grep -qF "left out $file" "$state/images/$image/image.json"
    done
}

@test "the package database has exactly what was chosen, all of it configured" {
    inside dpkg --audit
    [ -z "$(inside dpkg-query -W -f '${db:Status-Status} ${Package}\n' | grep -v '^installed ')" ]
    [ "$(inside dpkg-query -W -f 'x\n' | wc -l)" = "$(grep -c '^Package:' "$tree/var/lib/dpkg/status")" ]
    [ "$(find "$tree/var/lib/dpkg/info" -name '*.list' | wc -l)" = "$(grep -c '^Package:' "$tree/var/lib/dpkg/status")" ]
    inside apt-get check
}

@test "no file has two names, and each belongs to somebody the image knows" {
    [ -z "$(find "$tree" -type f -links +1)" ]
    [ -z "$(inside find / -xdev \( -nouser -o -nogroup \))" ]
}

@test "accounts, PAM, passwords and the shell work inside" {
    inside sh -c '
        set -e
        useradd -m student
        echo student:Long-Enough-1 | chpasswd
        grep -q ^student:.y. /etc/shadow
        su student -c "id -un" | grep -qx student
        getent passwd root >/dev/null
        awk "BEGIN { print 1 }" | grep -qx 1
        [ "$(readlink -f /bin/sh)" = /usr/bin/dash ]
        ldconfig -p | grep -q libc.so.6'
}

@test "a package can be installed inside" {
    mkdir -p "$BATS_TEST_TMPDIR/package/DEBIAN" "$BATS_TEST_TMPDIR/layer/upper"
    printf 'Package: tiny\nVersion: 1\nArchitecture: all\nMaintainer: x <x@example.org>\nDepends: dpkg\nDescription: x\n' \
        >"$BATS_TEST_TMPDIR/package/DEBIAN/control"
    dpkg-deb -b "$BATS_TEST_TMPDIR/package" "$BATS_TEST_TMPDIR/layer/upper/tiny.deb" >/dev/null
    inside apt-get install -y /tiny.deb
}

@test "set-id programs and file capabilities are as the packages have them" {
    [ "$(stat -c '%a %u' "$tree/usr/bin/su")" = '4755 0' ]
    [ "$(stat -c '%a %g' "$tree/usr/bin/chage")" = '2755 42' ]
    [ ! -e "$tree/usr/lib/dbus-1.0/dbus-daemon-launch-helper" ] ||
        [ "$(inside stat -c '%a %U %G' /usr/lib/dbus-1.0/dbus-daemon-launch-helper)" = '4754 root messagebus' ]
    [ ! -e "$tree/usr/bin/ping" ] || getcap "$tree/usr/bin/ping" | grep -q cap_net_raw
}

@test "apt's sources came without credentials" {
    grep -q '^deb .*https://mirror.example/debian bookworm main$' "$tree/etc/apt/sources.list"
}

@test "the second build finds the first; another choice of packages does not" {
    [ "$(storage build host)" = "$image" ]
    run --separate-stderr storage build host no-such-package
    [ "$status" = 2 ]
    [[ $stderr == *"'no-such-package' is not installed on this host"* ]]
}

@test "Ctrl-C leaves nothing, whatever it was doing" {
    for step in 'copying files' 'configuring packages'; do
        storage-tool "$state" build host less >/dev/null 2>"$BATS_TEST_TMPDIR/said" 3>&- &
        builder=$!
        wait_until grep -q -e "$step" -e 'storage-tool:' "$BATS_TEST_TMPDIR/said"
        kill -INT "$builder" || true
        ended() { [[ ! -e /proc/$builder ]]; }
        wait_until ended
        nothing_half_done
        [ "$(ls "$state/images")" = "$image" ]
    done
}
