# shellcheck shell=bash
# Kill sweeps and fault injection: a command is killed, or one of its calls made to fail, at one system call after the
# other (tests/programs/at_call.cpp). Each time the server has to be as before or as after, the next command has to work, and
# nothing may be left over. `load ../support/sweep` after common and servers; docs/testing.md says how to run all of it.
#
# VSERVER_SWEEP   empty: a slice of the points. all: each. A number: so many of each sweep. '0.1:24 0:7': these.
# VSERVER_SEED    the slice that was printed with this seed
#
# A suite may set let_go to programs of its own, and sweep_seconds to how long its command may take while it is traced.

readonly errors=(ENOMEM EMFILE ENOSPC EIO EPERM)
# From there on a process is no part of the command any more: a server's own, a keeper or a recorder that waits.
let_go=(--let-go vserver-init --let-go busybox --let-go vserver-keeper:poll --let-go vserver-recorder:ppoll --let-go vserver-netview:ppoll --let-go vserver-netview:wait4)
sweep_seconds=60
# The kernel has no such failure: a close that failed would still have closed.
readonly never_fail='close close_range exit exit_group umask wait4 waitid poll ppoll prlimit64'
# Processes that read from each other make another number of reads each time, so that one of these may turn out to be at a point.
unfailing=(${never_fail// / --unfailing })
unfailing=(--unfailing "${unfailing[@]}")

# ------------------------------------------------------------------------------------------------ what a test calls

# For setup: the server `web`, stopped, on which commands are swept.
begin_sweep() {
    require_feature program at-call
    RANDOM=${VSERVER_SEED:-$RANDOM}
    seed=$RANDOM
    new_small web --address 10.77.0.50 --address fd77::50 --port 8080:80 --memory 256M
    add_service web talker /bin/sh -c 'echo hello; exec sleep 100000'
    mark                  # before there is a device, whose end takes a while
    running && stopped    # what is made once per boot is there
}

# sweep kill|kill-main|error SHARE COMMAND...: SHARE points of COMMAND in a slice. Before each `before` is called, after each
# `after_kill` or `after_error` says what is wrong. All are tried, then the sweep fails.
sweep() {
    local action=$1 share=$2 calls=$BATS_TEST_TMPDIR/calls point tried=0 problems=0 started=$SECONDS
    shift 2
    before
    clean >/dev/null || true    # who still waits for a keeper to end makes calls that no other run has
    run_traced "$calls" -- "$@" >/dev/null 2>&1 || true
    for point in $(points_for "$action" | choose "$share"); do
        before
        try "$point" "$action" "$@"
        (( tried += 1 ))
    done
    echo "# seed ${VSERVER_SEED:-$seed}: $action at $tried of $(grep -c . "$calls") calls, $(( SECONDS - started )) s: $*" >&3
    (( problems == 0 ))
}

# ------------------------------------------------------------------------------------------- what a test may replace

# Where each try begins.
before() { stopped; }
# Prints the pid of the process to sweep in place of the command, which then only sets it off.
traced_instead() { :; }
# The calls to sweep, where not all of them are of interest.
only=''
# Which deaths in the trace are no faults.
harmless='^$'

# The next command answers and mends it, whichever it is.
after_kill() {
    expect '0 3' next web status || return 1
    case $(( RANDOM % 4 )) in
        0) expect '0 7' next web start ;;
        1) expect '0 3' next web stop --kill ;;
        2) expect 0 repaired ;;
        3) expect 0 next web exec true ;;
    esac && settled
}

# A server whose init was killed when it had just been started is taken down by its keeper, which nobody waits for.
settled() { wait_until clean || clean; }

# A command that failed has cleaned up by itself.
after_error() { clean; }

# After a problem, so that the next try has a fair start.
recover() {
    next web stop --kill >/dev/null 2>&1 || true
    next repair >/dev/null 2>&1 || true
    rm -f /run/vservers/web/state
    audit_now >/dev/null || mark
}

next() { timeout 30 vserver "$@" </dev/null; }
# A helper of the killed command may hold the lock until it has seen that it is alone, and repair passes over what is locked.
repaired() { wait_until repairs_all; }
repairs_all() { local said; said=$(next repair) && [[ $said != *skipped* ]]; }
says_running() { grep -qs '^phase running' /run/vservers/web/state; }
stopped() { ! says_running || expect '0 3' next web stop --kill; }    # 3: its init may be dying
running() { says_running || next web start >/dev/null 2>&1; }
clean() { if says_running; then audit_now web; else audit_now; fi || { echo "(after: ${last:-})"; return 1; }; }

# The status has to be one of these: expect '0 7' COMMAND...
expect() {
    local wanted=$1 status=0 said
    shift
    last=$*
    said=$("$@" 2>&1) || status=$?
    [[ " $wanted " == *" $status "* ]] || { echo "$*: status $status: $said"; return 1; }
}

# ----------------------------------------------------------------------------------------------------- the machinery

# run_traced FILE [OPTION...] -- COMMAND...: writes a line "ROLE N CALL PROGRAM" for each call.
run_traced() {
    local instead
    instead=$(traced_instead)
    at-call --within "$sweep_seconds" --list "$1" "${unfailing[@]}" "${let_go[@]}" ${instead:+--of "$instead"} "${@:2}" </dev/null
}

# Those of `calls` at which this action makes sense. To kill the main process at its own call is what kill does.
points_for() {
    awk -v action="$1" -v never=" $never_fail " -v only="${only:+ $only }" '
        action == "kill-main" && $1 == "0" || action == "error" && index(never, " " $3 " ") || only && !index(only, " " $3 " ") { next }
        { print }' "$calls"
}

# "ROLE:N" for each point that is taken. The same call many times in a row counts once in a slice.
choose() {
    case ${VSERVER_SWEEP:-$1} in
        all) awk '{ print $1 ":" $2 }' ;;
        *:*) cat >/dev/null; printf '%s\n' $VSERVER_SWEEP ;;
        *)   sort -sk1,1 | awk '$1 $3 != last || $2 != number + 1 { print $1 ":" $2 } { last = $1 $3; number = $2 }' |
                shuf -n "${VSERVER_SWEEP:-$1}" --random-source=<(yes "$RANDOM") ;;
    esac
}

try() {
    local point=$1 action=$2 status=0 problem trace=$BATS_TEST_TMPDIR/trace said=$BATS_TEST_TMPDIR/said
    shift 2
    [[ $action != error ]] || action=${errors[RANDOM % ${#errors[@]}]}
    run_traced "$trace" --at "$point" "$action" -- "$@" >/dev/null 2>"$said" || status=$?
    problem=$(judge 2>&1) && return
    (( problems += 1 ))
    echo "$action at $point ($(awk -v point="$point" '$1 ":" $2 == point { print $3 " of " $4 }' "$trace")): $problem"
    recover
}

judge() {
    if (( status == 124 )); then echo 'it hangs'; return 1; fi
    if [[ $action == kill* ]]; then after_kill; else ended_well && after_error; fi
}

# A call that failed ends the command with one sentence, unless it was harmless. 126: the point did not come again, for what an
# earlier try left had been mended in the first run only, or a call that never fails came in its place.
ended_well() {
    if grep '^crash' "$trace" | grep -vE "$harmless"; then return 1; fi
    (( status != 0 && status != 126 )) || return 0
    (( status < 126 )) && [[ $(wc -l <"$said") == 1 ]] || { echo "status $status, not one sentence: $(<"$said")"; return 1; }
}
