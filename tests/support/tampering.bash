# shellcheck shell=bash
# A server to be tampered with, for scan.bats and bench/tamper: an image with plenty of files to change.
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

# What guest root does, and the line that the host must report (a regular expression; "nothing": no line about it).
corpus() {
    cat <<'END'
echo x >>/etc/f1 # modified +frozen +/etc/f1: content
printf 'SETTING 2\n' >/etc/f2 # modified +frozen +/etc/f2: content
touch -r /etc/f4 /tmp/ref; printf 'SETTING 3\n' >/etc/f3; touch -r /tmp/ref /etc/f3 # modified +frozen +/etc/f3: content
printf 'SETTING 4\n' >/etc/f4; touch -d @1 /etc/f4 # modified +frozen +/etc/f4: content
echo evil >>/usr/bin/p1 # modified +packages +/usr/bin/p1: content
chmod 4755 /usr/bin/p2 # modified +packages +/usr/bin/p2: mode 0755 -> 4755
chmod 2755 /usr/bin/p3 # modified +packages +/usr/bin/p3: mode 0755 -> 2755
chmod 666 /etc/f5 # modified +frozen +/etc/f5: mode 0644 -> 0666
chown 33:34 /etc/f6 # modified +frozen +/etc/f6: owner 0:0 -> 33:34
tamper capability /usr/bin/p4 # modified +packages +/usr/bin/p4: a capability
tamper acl /etc/f7 # modified +frozen +/etc/f7: .*extended attributes
rm /etc/f8 # removed +frozen +/etc/f8
rm /usr/bin/p5 # removed +packages +/usr/bin/p5
rm -r /opt/d1 # removed +frozen +/opt/d1: directory
rm -r /opt/d2; mkdir /opt/d2; echo other >/opt/d2/x # replaced +frozen +/opt/d2
mv /opt/d3 /opt/e3 # moved +frozen +/opt/e3: from
mv /opt/d4 /opt/e4 # removed +frozen +/opt/d4
mv /etc/f9 /etc/f9b # added +frozen +/etc/f9b
mv /etc/f10 /etc/f10b # removed +frozen +/etc/f10
tamper exchange /etc/f11 /etc/f12 # modified +frozen +/etc/f11: content
rm /etc/f13; ln -s /tmp/f13 /etc/f13 # modified +frozen +/etc/f13: file -> link
rm -r /opt/d5; echo x >/opt/d5 # modified +frozen +/opt/d5: directory -> file
ln -sfn /tmp/elsewhere /etc/link # modified +frozen +/etc/link: target f1 -> /tmp/elsewhere
mkfifo /etc/fifo # added +frozen +/etc/fifo: fifo
tamper socket /etc/socket # added +frozen +/etc/socket: socket
rm /etc/f14; mkfifo /etc/f14 # modified +frozen +/etc/f14: file -> fifo
mkdir '/etc/.. '; echo x >'/etc/.. /hidden' # added +frozen +/etc/\.\. /hidden
echo x >/etc/$(printf 'a\nok     web1') # added +frozen +/etc/a\\nok     web1
echo x >/etc/$(printf 'b\033[2K') # added +frozen +/etc/b\\x1b\[2K
echo x >/etc/$(printf '%0250d' 7) # added +frozen +/etc/0+7
echo x >/etc/ld.so.preload # added +frozen +/etc/ld.so.preload
echo x >/etc/cron.d/job # added +frozen +/etc/cron.d/job
echo x >/var/spool/cron/root # added +frozen +/var/spool/cron/root
mkdir -p /home/u/.ssh; echo key >/home/u/.ssh/authorized_keys # added +frozen +/home/u/.ssh/authorized_keys
echo x >/root/.profile # added +frozen +/root/.profile
mkdir -p /usr/local/bin; cp /usr/bin/p6 /usr/local/bin/ls # added +frozen +/usr/local/bin/ls
mkdir /usr/lib/new; echo x >/usr/lib/new/x.so # added +packages +/usr/lib/new/x.so
cp /bin/busybox /tmp/s; chmod 4755 /tmp/s # privileged +ignored +/tmp/s: privileged, mode 4755
cp /bin/busybox /var/tmp/g; chmod 2755 /var/tmp/g # privileged +ignored +/var/tmp/g: privileged, mode 2755
cp /bin/busybox /tmp/c; tamper capability /tmp/c # privileged +ignored +/tmp/c: .*a capability
mkdir -p /home/u/a/b/c; cp /bin/busybox /home/u/a/b/c/s; chmod 6755 /home/u/a/b/c/s # privileged +ignored +/home/u/a/b/c/s
cp /bin/busybox /var/log/s; chmod 4755 /var/log/s # privileged +growing +/var/log/s
cp /bin/busybox /etc/x; chmod 4755 /etc/x; ln /etc/x /tmp/linked # privileged +ignored +/tmp/linked
echo 'x' | tamper map /etc/f15 # modified +frozen +/etc/f15: content
tamper unnamed /etc/unnamed # added +frozen +/etc/unnamed
tamper copy /etc/f17 /etc/f16 # nothing
tamper copy /etc/group /etc/f18 # modified +frozen +/etc/f18: content
tamper punch /usr/lib/big # modified +packages +/usr/lib/big: content
truncate -s 100 /etc/f19 # modified +frozen +/etc/f19: content
truncate -s 0 /etc/f20 # modified +frozen +/etc/f20: content
dd if=/dev/zero of=/etc/huge bs=1 count=1 seek=1099511627776 # added +frozen +/etc/huge
ln /etc/f21 /etc/f21b # added +frozen +/etc/f21b
unshare -r sh -c 'echo x >>/etc/f22' # modified +frozen +/etc/f22: content
echo x >/etc/profile # added +frozen +/etc/profile
mkdir -p /etc/pam.d; echo x >/etc/pam.d/sshd # added +frozen +/etc/pam.d/sshd
mkdir -p /etc/systemd/system; echo x >/etc/systemd/system/x.service # added +frozen +/etc/systemd/system/x.service
mkdir -p /root/.ssh; echo key >/root/.ssh/authorized_keys # added +frozen +/root/.ssh/authorized_keys
mkdir -p /var/www; echo x >/var/www/x.php # added +frozen +/var/www/x.php
chmod 000 /etc/f26 # modified +frozen +/etc/f26: mode 0644 -> 0000
mknod /etc/null p; rm /etc/f27; mv /etc/null /etc/f27 # modified +frozen +/etc/f27: file -> fifo
cat /etc/f28 >/etc/f28.new; echo x >>/etc/f28.new; mv /etc/f28.new /etc/f28 # modified +frozen +/etc/f28: content
cp /usr/bin/p7 /usr/bin/.p7; chmod 4711 /usr/bin/.p7 # added +packages +/usr/bin/.p7: privileged, mode 4711
rm -r /opt/d8/x; ln -s /tmp /opt/d8/x # modified +frozen +/opt/d8/x: file -> link
chmod 1777 /opt/d6 # modified +frozen +/opt/d6: mode 0755 -> 1777
chown 33 /opt/d7 # modified +frozen +/opt/d7: owner 0:0 -> 33:0
echo x >/srv/vol/page # added +frozen +/srv/vol/page
cp /bin/busybox /srv/vol/s; chmod 4755 /srv/vol/s # added +frozen +/srv/vol/s: privileged
truncate -s 5 /var/log/l1 # rewritten +growing +/var/log/l1
sed -i s/two/TWO/ /var/log/l2; cat /var/log/l2 >/var/log/new; cat /var/log/new >/var/log/l2 # nothing
dd if=/etc/f1 of=/var/log/l3 bs=3 count=1 conv=notrunc # rewritten +growing +/var/log/l3
rm /var/log/l4 # removed +growing +/var/log/l4
echo five >>/var/log/l5 # nothing
mv /var/log/l6 /var/log/l6.1; echo new >/var/log/l6 # nothing
echo x >/tmp/plain; echo x >/var/lib/data; echo x >/srv/data/x # nothing
touch /etc/f23 # nothing
chmod 600 /etc/f24; chmod 644 /etc/f24 # nothing
cp -p /etc/f25 /etc/f25.new; mv /etc/f25.new /etc/f25 # nothing
END
}
