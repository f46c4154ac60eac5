# shellcheck shell=bash
# A server to be tampered with, for scan.bats: an image with plenty of files to change.
#
# /etc/f1 ... f40     settings              /usr/bin/p1 ... p20   programs           /opt/d1 ... d12   directories with a file x
# /var/log/l1 ... l6  logs, three lines     /usr/lib/big          8 MiB              /bin/tamper       tests/programs/tamper.cpp

build_victim() {
    local tree=$BATS_FILE_TMPDIR/victim applet i
    mkdir -p "$tree"/{bin,dev,etc/cron.d,proc,root,run,sys,tmp,usr/{bin,lib,local/bin},var/{log,tmp,lib,spool/cron},opt,home,srv/{vol,data}}
    cp /bin/busybox "$tree/bin/"
    cp "$(command -v tamper)" "$tree/bin/"
    for applet in $("$tree/bin/busybox" --list); do
        [[ $applet == @(busybox|init|reboot|poweroff|halt) ]] || ln -s busybox "$tree/bin/$applet"
    done
    printf '%s\n' root:x:0:0:root:/root:/bin/sh web:x:33:34::/tmp:/bin/sh >"$tree/etc/passwd"
    printf '%s\n' root:x:0: web:x:34: >"$tree/etc/group"
    for (( i = 1; i <= 40; i++ )); do printf 'setting %d\n' $i >"$tree/etc/f$i"; done
    for (( i = 1; i <= 20; i++ )); do printf '#!/bin/sh\necho %d\n' $i >"$tree/usr/bin/p$i"; done
    for (( i = 1; i <= 12; i++ )); do mkdir "$tree/opt/d$i"; echo $i >"$tree/opt/d$i/x"; done
    for (( i = 1; i <= 6; i++ )); do printf 'one\ntwo\nthree\n' >"$tree/var/log/l$i"; done
    ln -s f1 "$tree/etc/link"
    head -c 8M /dev/zero | tr '\0' 'x' >"$tree/usr/lib/big"
    chmod +x "$tree"/usr/bin/*
    tar -C "$tree" -cf "$BATS_FILE_TMPDIR/victim.tar" .
    vserver image-victim build --from "$BATS_FILE_TMPDIR/victim.tar" --network none >&2
    victim_image=$(sed -n 's/^image = "\(.*\)"/\1/p' /etc/vservers/image-victim.toml)
    export victim_image
}

# A running server on it.
new_victim() {
    vserver "$1" build --image "$victim_image" --network none >&2
    servers+=("$1")
    sed -i 's|^#volumes = .*|volumes = ["/srv/vol"]|; s|^#frozen = .*|frozen = ["/srv/vol"]|' "/etc/vservers/$1.toml"
    printf '\n[[service]]\nname = "idle"\ncommand = ["/bin/sleep", "100000"]\n' >>"/etc/vservers/$1.toml"
    vserver "$1" start >&2
    inside "$1" 'for i in 1 2 3 4 5 6; do echo four >>/var/log/l$i; done'
    vserver "$1" accept >&2
}

inside() { vserver "$1" exec -- sh -c "$2"; }
