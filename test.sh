#!/bin/bash
# test.sh [--long]: build everything and test it. The last line is the sum, "N passed, N failed, N skipped".
#
# Complete as root on a bare Debian 12: what is missing is installed by apt. The machine is left as it was: system tests
# run in machines of namespaces (tests/support/testhost), those of the stock kernel in qemu (tests/vm).
#
# --long   all unit tests with ASan and UBSan (else those of the rooms below) and the suites on such programs, a build with clang,
#          every point of the sweeps (docs/testing.md), every suite on the stock kernel too, and servers with whole Debian
#          systems, which need a mirror
set -euo pipefail
cd "$(dirname "$(realpath "$0")")"
build=$PWD/build-release work=$(mktemp -d /var/tmp/vserver-test.XXXXXX)
readonly build work
trap 'rm -rf "$work"' EXIT

export VSERVER_CACHE=${VSERVER_CACHE:-/root/.cache/vserver}    # what is made once: the machine of tests/vm, Debian systems
readonly sanitized=(base_test model_test context_test log_test)    # parsers of hostile text, and the filter's tables
readonly stock_seconds=900                                # for each machine with the stock kernel
passed=0 failed=0 skipped=0 long=''

die() { echo "test.sh: $*" >&2; exit 1; }

# step TITLE COMMAND...: run it, say how long it took. A failed step that counted nothing counts as one failure.
step() {
    local start=$SECONDS before=$failed status=0
    printf '\n=== %s\n' "$1"
    "${@:2}" || status=$?
    (( status == 0 || failed > before )) || { echo "FAILED: $1 (status $status)"; (( failed += 1 )); }
    printf -- '--- %s: %d s\n' "$1" $(( SECONDS - start ))
}

count() { (( passed += $1, failed += $2, skipped += $3, 1 )); }

# Output only of what fails.
quietly() { "$@" >"$work/output" 2>&1 || { cat "$work/output"; return 1; }; }

# ------------------------------------------------------------------------------------------------------------- steps

compile() {    # PRESET TARGET...
    quietly cmake --preset "$1" -DCMAKE_CXX_COMPILER_LAUNCHER=ccache &&
        quietly cmake --build --preset "$1" --target "${@:2}"
}

unit_tests() {    # BUILD-TREE CTEST-OPTION...
    local status=0 report=$work/ctest.xml
    rm -f "$report"
    ctest --test-dir "$1" --parallel "$(nproc)" --output-on-failure --output-junit "$report" "${@:2}" || status=$?
    [[ -s $report ]] || return 1
    local all bad idle
    all=$(total tests "$report") bad=$(total failures "$report") idle=$(total skipped "$report")
    count $(( all - bad - idle )) "$bad" "$idle"
    return "$status"
}

total() { grep -o -m1 "$1=\"[0-9]*\"" "$2" | head -n 1 | tr -dc 0-9; }

sanitized_tests() {
    if [[ $long ]]; then
        compile dev all && unit_tests build-dev
    else
        compile dev "${sanitized[@]}" && unit_tests build-dev --tests-regex "^unit\.($(names_of "${sanitized[@]}"))\$"
    fi
}

names_of() { local IFS='|'; echo "${*%_test}"; }

# A runner of suites, whose last line is its sum.
suites() {
    local status=0 last
    "$@" 2>&1 | tee "$work/suites" || status=$?
    last=$(grep -E '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' "$work/suites" | tail -n 1) || return 1
    # shellcheck disable=SC2046
    count $(tr -c '0-9\n' ' ' <<<"$last")
    return "$status"
}

clang_build() { compile clang all && unit_tests build-clang; }

debian_systems() { quietly tests/support/debian_root services && quietly tests/support/debian_root sysvinit; }

# Every suite in a test host of its own. One that fails is run once more, and counts as it ends then: a machine under load
# is late at times, and a test that is broken fails twice. The suites of whole Debian systems need a mirror: --long.
system_suites() {
    local file status=0
    for file in tests/escape/*.bats tests/system/*.bats; do
        [[ $long || ! $file =~ /(debian|sysvinit|sweep_build_host)\.bats$ ]] || continue
        one_suite "$build" "$file" || status=1
    done
    return "$status"
}

# Not the sweeps, which count system calls: the sanitizers make their own. Nor the long forms of the logs' tests.
sanitized_suites() {
    local file status=0
    local -x LOG_RECORDS='' LOG_MUTATIONS='' LOG_GOOD='' WAIT_SECONDS=30
    quietly tests/support/sanitized-build || return
    for file in tests/escape/*.bats tests/system/*.bats; do
        [[ $file =~ /sweep_ ]] || one_suite "$PWD/build-sanitized" "$file" || status=1
    done
    return "$status"
}

one_suite() {    # BUILD-TREE FILE
    local before=("$passed" "$failed" "$skipped")
    VSERVER_BUILD=$1 suites tests/support/run-suite "$2" && return
    echo "once more: $2"
    passed=${before[0]} failed=${before[1]} skipped=${before[2]}
    VSERVER_BUILD=$1 suites tests/support/run-suite "$2"
}

# On Debian's own kernel, with the programs and the tests carried in and nothing else, at the same time: in one machine the suite of
# what is installed on it, in another the other suites in their test hosts, and those that boot machines. Or of each what has the tag `stock`.
stock_kernel() {
    local status=0 stage=$work/stage seconds=$stock_seconds which=(--tag stock) one
    tests/vm/setup || status=$?
    (( status != 77 )) || { echo 'skipped: the stock kernel: tests/vm/setup said why'; count 0 0 1; return 0; }
    (( status == 0 )) || return "$status"
    [[ ! $long ]] || which=() seconds=28800
    fill_stage "$stage/opt/vserver"
    DESTDIR=$stage quietly cmake --install "$build"
    on_stock --here "${which[@]}" tests/vm/host.bats >"$work/on-the-machine" 2>&1 &
    VSERVER_STAGE=$stage VSERVER_SUITE_SECONDS=$seconds tests/support/run-suite --here "${which[@]}" tests/vm/boot.bats >"$work/through-boots" 2>&1 &
    # shellcheck disable=SC2046
    on_stock "${which[@]}" $(stock_suites) >"$work/in-test-hosts" 2>&1 || status=$?
    for one in $(jobs -p); do wait "$one" || status=$?; done
    for one in "$work"/{on-the-machine,through-boots,in-test-hosts}; do suites cat "$one" || status=1; done
    return "$status"
}

stock_suites() {
    if [[ $long ]]; then echo tests/escape tests/system tests/vm/shield.bats; else grep -lE '^# bats (file|test)_tags=stock$' tests/{escape,system}/*.bats; fi
}

fill_stage() {
    mkdir -p "$1/build/bin"
    [[ ! $long ]] || cp --reflink=auto -t "$1" "$VSERVER_CACHE"/debian-*.tar
    cp -a tests "$1/"
    cp -a "$build/libexec" "$build/tests" "$1/build/"
    find "$build/bin" -type f ! -name '*_test' -exec cp -a -t "$1/build/bin" {} +
}

# Two points of each sweep are enough where a call that is traced takes a hundred times as long.
on_stock() {
    tests/vm/run --timeout "$seconds" --dir "$stage:/" -- env --chdir=/opt/vserver VSERVER_BUILD=/opt/vserver/build \
        VSERVER_CACHE=/opt/vserver VSERVER_SUITE_SECONDS="$seconds" VSERVER_SWEEP=2 WAIT_SECONDS=60 tests/support/run-suite "$@"
}

# -------------------------------------------------------------------------------------------------------------- main

case ${1:-} in
    --long) long=yes; export VSERVER_SWEEP=all VSERVER_SUITE_SECONDS=14400 LOG_RECORDS=100000 LOG_MUTATIONS=10000 LOG_GOOD=1000 ;;
    '') ;;
    *) echo 'usage: test.sh [--long]' >&2; exit 2 ;;
esac
(( EUID == 0 )) || die 'root is needed'

step 'Packages' scripts/install-packages build run host test vm ${long:+services compilers}
step 'Build' compile release all
(( failed == 0 )) || { echo "$passed passed, $failed failed, $skipped skipped"; exit 1; }
step 'Unit tests and lints' unit_tests "$build"
step 'Unit tests with ASan and UBSan' sanitized_tests
[[ ! $long ]] || step 'Build and unit tests with clang' clang_build
[[ ! $long ]] || step 'Debian systems for the servers of the tests' debian_systems
step 'Suites on this kernel' system_suites
[[ ! $long ]] || step 'Suites with ASan and UBSan' sanitized_suites
step 'Suites on the stock kernel' stock_kernel

printf '\n%d s in all\n' "$SECONDS"
echo "$passed passed, $failed failed, $skipped skipped"
(( failed == 0 && passed > 0 ))
