# Killed at any system call, an image or a server is there or not; what is left the next sweep removes.
#
# The ordinary run takes a slice of the calls, with its seed printed; VSERVER_KILL_POINTS=all takes every one.

load ../support/common
load ../support/storage

setup() { require_feature program strace; }

teardown() {
    remove_everything
    end_test
}

# Prints the calls to be killed at: of 1..COUNT, SHARE of them.
points() {
    local count=$1 share=$2
    if [[ ${VSERVER_KILL_POINTS:-} = all ]]; then seq "$count"; return; fi
    local seed=${VSERVER_SEED:-$RANDOM}
    echo "# seed $seed, $share of $count calls" >&3
    RANDOM=$seed
    for (( i = 0; i < share; i++ )); do echo $(( (RANDOM << 15 | RANDOM) % count + 1 )); done | sort -nu
}

count_calls() {
    strace -o "$BATS_TEST_TMPDIR/calls" storage-tool "$state" "$@" >/dev/null 2>&1
    grep -c '^[a-z_0-9]*(' "$BATS_TEST_TMPDIR/calls"
}

killed_at() {
    local point=$1
    shift
    strace -o /dev/null -e inject=all:signal=KILL:when="$point" storage-tool "$state" "$@" >/dev/null 2>&1 || true
}

no_helper_runs() { ! pgrep -x vserver-unpack; }

@test "creating a server" {
    make_archive
    image=$(storage build "$BATS_TEST_TMPDIR/image.tar" 2>/dev/null)
    count=$(count_calls create web1 "$image")
    storage destroy web1
    for point in $(points "$count" 50); do
        killed_at "$point" create web1 "$image"
        storage sweep
        nothing_half_done || { echo "killed at $point"; return 1; }
        if [[ -e $state/servers/web1 ]]; then
            [[ -s $state/servers/web1/record.json && -s $state/servers/web1/upper/etc/machine-id ]] || { echo "half at $point"; return 1; }
        fi
        storage destroy web1
        storage create web1 "$image" >/dev/null || { echo "cannot again after $point"; return 1; }
        storage destroy web1
    done
}

@test "destroying a server" {
    make_archive
    image=$(storage build "$BATS_TEST_TMPDIR/image.tar" 2>/dev/null)
    storage create web1 "$image"
    count=$(count_calls destroy web1)
    for point in $(points "$count" 30); do
        storage create web1 "$image" >/dev/null
        killed_at "$point" destroy web1
        [[ ! -e $state/servers/web1 ]] || [[ -s $state/servers/web1/upper/etc/machine-id ]] || { echo "half at $point"; return 1; }
        storage destroy web1
        storage sweep
        nothing_half_done || { echo "killed at $point"; return 1; }
    done
}

@test "building an image from an archive" {
    make_archive
    archive=$BATS_TEST_TMPDIR/image.tar
    count=$(count_calls build "$archive")
    storage remove "$(ls "$state/images")"
    for point in $(points "$count" 40); do
        killed_at "$point" build "$archive"
        wait_until no_helper_runs
        storage sweep
        nothing_half_done || { echo "killed at $point"; return 1; }
        image=$(storage build "$archive" 2>/dev/null) || { echo "cannot again after $point"; return 1; }
        [[ $(ls "$state/images") = "$image" ]]
        [[ -s $state/images/$image/tree/etc/passwd ]]
        storage remove "$image"
    done
}

@test "removing an image" {
    make_archive
    archive=$BATS_TEST_TMPDIR/image.tar
    image=$(storage build "$archive" 2>/dev/null)
    count=$(count_calls remove "$image")
    for point in $(points "$count" 20); do
        image=$(storage build "$archive" 2>/dev/null)
        killed_at "$point" remove "$image"
        storage sweep
        nothing_half_done || { echo "killed at $point"; return 1; }
        if [[ -e $state/images/$image ]]; then storage images | grep -q "^$image"; fi
    done
}

@test "calls that fail are one sentence and leave nothing" {
    make_archive
    image=$(storage build "$BATS_TEST_TMPDIR/image.tar" 2>/dev/null)
    for call in mkdirat openat2 fsconfig fsmount fsync renameat2 fchown unlinkat; do
        for errno in ENOSPC EIO ENOMEM EMFILE EPERM; do
            run --separate-stderr strace -o /dev/null -e inject="$call:error=$errno:when=2" storage-tool "$state" create web1 "$image"
            [[ $status = 0 || ( $status = 1 && $stderr == *"$errno"* ) ]] || { echo "$call $errno: $status $stderr"; return 1; }
            storage destroy web1
            storage sweep
            nothing_half_done
        done
    done
}
