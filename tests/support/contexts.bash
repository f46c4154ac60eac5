# shellcheck shell=bash
# For suites about the tools that stand alone: an ordinary user, and copies of programs with more right than their caller.

# An ordinary user: no account, no group, no capability.
readonly user_id=4711
as_user() { setpriv --reuid "$user_id" --regid "$user_id" --clear-groups --inh-caps=-all --reset-env -- env PATH="$PATH" VSERVER_LIBEXEC="$VSERVER_LIBEXEC" "$@"; }

# A directory that the user may look into; mounts of ours take setuid and file capabilities seriously there.
open_directory() {
    local dir=$BATS_TEST_TMPDIR/open
    mkdir -p "$dir"
    chmod 0755 "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" "${BATS_TEST_TMPDIR%/*}" "$BATS_TEST_TMPDIR" "$dir"
    echo "$dir"
}

# setuid_copy PROGRAM: a copy that root owns and everybody runs as root.
setuid_copy() {
    local copy
    copy=$(open_directory)/${1##*/}
    install -m 4755 "$(command -v "$1")" "$copy"
    echo "$copy"
}

# capable_copy PROGRAM CAPABILITIES: a copy with file capabilities.
capable_copy() {
    local copy
    copy=$(open_directory)/${1##*/}
    install -m 0755 "$(command -v "$1")" "$copy"
    setcap "$2" "$copy"
    echo "$copy"
}

# installed_copy TOOL: a copy with a vserver beside it, as in a package; whoever is root may change their files.
installed_copy() {
    local dir
    dir=$(open_directory)
    install -m 0755 "$(command -v "$1")" "$(command -v vserver)" "$dir"
    echo "$dir/$1"
}

# The sets of process PID as the kernel has them: CapBnd, CapEff, ...
capability_set() { awk -v key="$1:" '$1 == key { print $2 }' "/proc/${2:-self}/status"; }
