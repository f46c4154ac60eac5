#!/usr/bin/env bats
# A build from the running host, killed at a hundred of its calls. It makes a quarter of a million of them and takes minutes while
# it is traced, so this is one of the long forms (docs/testing.md).

load ../support/common
load ../support/servers
load ../support/sweep
load ../support/sweep_build

setup_file() { build_small; begin_suite; }
setup() {
    [[ ${VSERVER_SWEEP:-all} != all ]] || export VSERVER_SWEEP=100
    let_go+=(--let-go dpkg)    # the guest's own scripts, in their sandbox
    sweep_seconds=900
    begin_sweep
}
teardown() { servers+=(new); remove_servers; remove_images; end_test; }

next() { timeout 300 vserver "$@" </dev/null; }
before() { absent; remove_images; }
build=(new build --from host --network none)

@test "build from the host, killed" { sweep_build kill 100; }

@test "build from the host, its command killed while its helpers go on" { sweep_build kill-main 100; }

@test "build from the host, with calls that fail" { sweep_build error 100; }
