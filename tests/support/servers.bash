# Servers for system tests: `load ../support/servers`. In setup_file build each image once, with build_small or build_host,
# then call `begin_suite`; a test makes its servers on it with new_small and new_host, in no time.
#
# small   busybox and nothing else, without an init: it runs what its settings list as services
# host    a base Debian of the files of this machine, systemd as its init

# Arguments: packages beside the base system. What follows is the image of every new_host. Where the processor is emulated
# this would take minutes: such a machine has a system of its own kind in an archive (tests/vm/image/make-root).
build_host() {
    local packages=$1 archive=/var/cache/guest.tar
    local -a source=(--from host ${packages:+--packages "$packages"})
    [[ ! -e $archive ]] || source=(--from "$archive")
    vserver "image-host" build "${source[@]}" --network none >&2
    host_image=$(image_of image-host)
    export host_image
}

build_small() {
    local tree=$BATS_FILE_TMPDIR/small applet
    mkdir -p "$tree"/{bin,dev,etc,proc,root,run,sys,tmp,usr/sbin,var}
    cp /bin/busybox "$tree/bin/"
    for applet in $("$tree/bin/busybox" --list); do
        [[ $applet == @(busybox|init|reboot|poweroff|halt) ]] || ln -s busybox "$tree/bin/$applet"
    done
    printf '%s\n' root:x:0:0:root:/root:/bin/sh web:x:33:34::/tmp:/bin/sh >"$tree/etc/passwd"
    printf '%s\n' root:x:0: web:x:34: >"$tree/etc/group"
    tar -C "$tree" -cf "$BATS_FILE_TMPDIR/small.tar" .
    vserver "image-small" build --from "$BATS_FILE_TMPDIR/small.tar" --network none >&2
    small_image=$(image_of image-small)
    export small_image
}

image_of() { sed -n 's/^image = "\(.*\)"/\1/p' "/etc/vservers/$1.toml"; }

# Arguments: NAME, then options of build.
new_small() { vserver "$1" build --image "$small_image" "${@:2}" >&2; servers+=("$1"); }
new_host() { vserver "$1" build --image "$host_image" "${@:2}" >&2; servers+=("$1"); }

# Arguments: the server, the service, then its command, which is started once.
add_service() {
    local -a words
    words=("${@:3}")
    words=$(printf ', "%s"' "${words[@]//\"/\\\"}")
    printf '\n[[service]]\nname = "%s"\ncommand = [%s]\nrestart = false\n' "$2" "${words#, }" >>"/etc/vservers/$1.toml"
}

# Arguments: the server, the section of its settings, then lines of that.
set_in() { printf '%s\n' "${@:3}" >"$BATS_TEST_TMPDIR/lines"; sed -i "/^\[$2\]/r $BATS_TEST_TMPDIR/lines" "/etc/vservers/$1.toml"; }

# For teardown: remove what the test has made, whatever state it is in.
remove_servers() {
    local server
    for server in "${servers[@]}"; do
        vserver "$server" stop --kill >/dev/null 2>&1 || true
        vserver "$server" delete --yes >&2 || true
    done
    servers=()
}

# What /run says of a running server.
state_of() { sed -n "s/^$2 //p" "/run/vservers/$1/state"; }

# Arguments: keeper or recorder, and the server.
pid_of() { pgrep -f "vserver-$1 $2( |\$)"; }

is_running() { vserver "$1" running >/dev/null 2>&1; }
is_stopped() { local status=0; vserver "$1" running >/dev/null 2>&1 || status=$?; (( status == 3 )); }
console_has() { grep -qa -- "$2" /var/lib/vservers/logs/"$1"/*.log; }
has_generation() { [[ $(state_of "$1" generation) == "$2" ]] && is_running "$1"; }

# systemd has a bus soon after its start, and answers only there.
booted() { [[ $(vserver "$1" exec -- systemctl is-system-running --wait 2>/dev/null) == running ]]; }
wait_for_boot() { WAIT_SECONDS=90 wait_until booted "$1" || { vserver "$1" exec -- systemctl --failed --no-pager; return 1; }; }

# The servers that a test has made belong to what was there before: call mark after the last of them. Then audit_now NAME...
# says whether exactly these run, and nothing else has come.
mark() { audit snapshot "$BATS_TEST_TMPDIR/audit"; }
audit_now() { if (( $# )); then set -- --running "$@"; fi; audit compare "$BATS_TEST_TMPDIR/audit" "$@"; }
# A start has returned before its keeper has a name of its own.
kill_program() { wait_until pid_of "$1" "$2"; kill -KILL "$(pid_of "$1" "$2")"; }
gone() { ! pid_of "$1" "$2"; }

# What the host itself says in a server's sealed log; and whether the log is what was written.
host_records() { vserver "$1" logs --json | jq -r '.records[] | select(.source == "host") | .text'; }
log_is_good() { vserver "$1" logs --verify | grep -q ': good'; }
