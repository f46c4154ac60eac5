#!/bin/bash
# demo.sh [--here [ADDRESS]]: build the programs, then a virtual server, and show what its root can and cannot do.
#
# Complete as root on a bare Debian 12: what is missing is installed by apt. It works in a machine made of namespaces
# (tests/support/testhost), which leaves nothing behind. With --here it works on this machine itself: the server `demo` then
# has ADDRESS (192.0.2.80, which nobody has) and is there afterwards.
set -euo pipefail
here=$(cd "${0%/*}" && pwd -P)
build=$here/build-release
readonly name=demo here build
title='' dim='' plain=''
[[ ! -t 1 || ${NO_COLOR:-} ]] || title=$'\e[1;36m' dim=$'\e[2m' plain=$'\e[0m'

say() { printf '\n%s== %s%s\n' "$title" "$*" "$plain"; }

# Show a command as one would type it, then run it.
show() {
    local word line=''
    for word; do [[ $word =~ ^[[:alnum:]_./:=,@+-]+$ ]] && line+=" $word" || line+=" ${word@Q}"; done
    printf '%s#%s%s\n' "$dim" "$line" "$plain"
    "$@"
}

prepare() {
    say 'Preparing: packages, programs'
    "$here/scripts/install-packages" build run host
    cmake -S "$here" --preset release -DCMAKE_CXX_COMPILER_LAUNCHER=ccache >/dev/null
    cmake --build "$build" --target programs -- --quiet
}

# Under systemd servers live in the group of a unit, which an installation brings. Until then, one that the next boot forgets.
own_unit() {
    [[ -d /run/systemd/system ]] || return 0
    systemctl is-active --quiet vservers.service ||
        systemd-run --quiet --unit=vservers --slice=system.slice --remain-after-exit --property=Delegate=yes true
}

# ------------------------------------------------------------------------------------------------- the demonstration

# In the test host `wire COMMAND` runs a command on the other end of the host's cable. Here there is only this machine.
tour() {
    outside=()
    [[ ! ${TESTHOST:-} ]] || outside=(wire)
    make_server "$1"
    say 'Its page, from its own address'
    wait_for_page "$1"
    show "${outside[@]}" curl --silent "http://$1/"
    say 'What runs'
    show vserver list
    show vserver-stat
    attack
}

make_server() {
    say "A server from this machine's own base system"
    show vserver "$name" build --from host --packages busybox-static --address "$1"
    show sed -i 's/^#init = .*/init = "services"/' "/etc/vservers/$name.toml"
    printf '\n[[service]]\nname = "web"\ncommand = ["busybox", "httpd", "-f", "-p", "80", "-h", "/srv"]\n' |
        show tee -a "/etc/vservers/$name.toml"
    show vserver "$name" exec -- sh -c 'echo "Hello from $(hostname), where I am $(id -un)." >/srv/index.html'
    show vserver "$name" start
}

wait_for_page() {
    local deadline=$(( SECONDS + 20 ))
    until "${outside[@]}" curl --silent --output /dev/null --max-time 2 "http://$1/"; do
        (( SECONDS < deadline )) || { echo "demo: no page from $1" >&2; exit 1; }
        sleep 0.1
    done
}

attack() {
    local secret=/run/vserver-demo-secret victim address
    address=$(ip -oneline -4 address show scope global | awk '$2 !~ /^vs-/ { sub("/.*", "", $4); print $4; exit }')
    (umask 077; echo 'only the host may read this' >"$secret")
    sleep 600 &
    victim=$!

    say "Its root against the host: a file, a disk, a process ($victim), an address ($address)"
    try "cat $secret"
    try "cat /proc/1/root$secret"
    try 'mknod /tmp/disk b 8 0'
    try "kill -KILL $victim"
    try "busybox httpd -f -p $address:8080"
    try 'echo 1 >/proc/sys/kernel/panic'

    kill "$victim" && echo "The host's process $victim was alive and well until now."
    rm -f "$secret"
}

# As the server's root; what is printed is the kernel's answer. Success, or a wait for visitors, would be a hole.
try() {
    local status=0
    printf '%sroot@%s# %s%s\n' "$dim" "$name" "$1" "$plain"
    timeout 10 vserver "$name" exec -T -- sh -c "$1" </dev/null 2>&1 || status=$?
    (( status != 0 && status < 124 )) || { echo "demo: that was to be refused (status $status)" >&2; exit 1; }
}

next() {
    say 'What next'
    cat <<-END
	export PATH=$build/bin:\$PATH VSERVER_LIBEXEC=$build/libexec
	$1
	vserver $name enter             a shell inside
	vserver $name passwd            a password for its root
	vserver $name stop              and start, restart, status
	vserver $name delete            remove it
	vserver --help                  all the rest; ./test.sh tests it
	END
}

case ${1:-} in
    --tour) tour "$2" ;;
    --here) prepare
            own_unit
            export PATH=$build/bin:$PATH VSERVER_LIBEXEC=$build/libexec
            tour "${2:-192.0.2.80}"
            next "vserver $name status            it still runs" ;;
    '')     prepare
            VSERVER_BUILD=$build "$here/tests/support/testhost" run -- "$here/demo.sh" --tour 10.77.0.80
            next './demo.sh --here                the same on this machine, to keep' ;;
    *)      echo 'usage: demo.sh [--here [ADDRESS]]' >&2; exit 2 ;;
esac
