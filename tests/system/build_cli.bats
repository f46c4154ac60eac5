# `vserver NAME build --from debian`: the cache, progress on a terminal, and Ctrl-C. A script stands in mmdebstrap's place, for a
# test host has no network; debian.bats has the real one.

load ../support/common

setup() {
    mkdir -p "$BATS_TEST_TMPDIR/store"
    cat >"$BATS_TEST_TMPDIR/mmdebstrap" <<END
#!/bin/sh
case "\$*" in *--version*) exit 0 ;; esac
echo called >>"$BATS_TEST_TMPDIR/calls"
for last; do case \$last in */tree) tree=\$last ;; esac; done
mkdir -p "\$tree/etc" "\$tree/usr/lib"
echo 'VERSION_CODENAME=trixie' >"\$tree/usr/lib/os-release"
echo 'I: installing packages...' >&2
[ ! -e "$BATS_TEST_TMPDIR/wait" ] || { echo \$\$ >"$BATS_TEST_TMPDIR/waits"; sleep 100321; }
END
    chmod 755 "$BATS_TEST_TMPDIR/mmdebstrap"
    touch "$BATS_TEST_TMPDIR/calls"
    mount --bind "$BATS_TEST_TMPDIR/mmdebstrap" /usr/bin/mmdebstrap
}

teardown() {
    umount /usr/bin/mmdebstrap
    vserver delete --all --yes >/dev/null
    vserver images --json | jq -r '.images[].id' | xargs -r vserver images remove >/dev/null
    end_test
}

calls() { wc -l <"$BATS_TEST_TMPDIR/calls"; }
nothing_half_built() {
    [ ! -e /etc/vservers/web1.toml ]
    [ -z "$(find /var/lib/vservers/{servers,images,staging,trash} -mindepth 1)" ]
}

@test "the second build of the same suite and packages asks no mirror; other packages are another image" {
    vserver web1 build --from debian:trixie --packages nginx,redis-server --network none
    [ "$(calls)" = 1 ]
    vserver web2 build --from debian:trixie --packages redis-server,nginx --network none
    [ "$(calls)" = 1 ]
    [ "$(vserver images --json | jq -c '.images[].servers')" = '["web1","web2"]' ]
    vserver web3 build --from debian:trixie --packages nginx --network none
    [ "$(calls)" = 2 ]
    vserver web1 delete --yes
    vserver web1 build --from debian:trixie --packages nginx --network none
    [ "$(calls)" = 2 ]
}

@test "what is not a suite or a package is refused before anything is asked" {
    for words in '--from debian:../x' '--from debian: ' '--from debian:trixie --packages --setup-hook=x' '--from debian:trixie --packages a;b' '--from debian --packages /etc/passwd'; do
        # shellcheck disable=SC2086
        run_vserver web1 build $words --network none
        [ "$status" -ne 0 ]
        [ "${#stderr_lines[@]}" -eq 1 ]
    done
    [ "$(calls)" = 0 ]
    nothing_half_built
}

@test "a build tells its steps on a terminal, and Ctrl-C there leaves nothing" {
    run on_terminal 24x80 '' vserver web1 build --from debian:trixie --network none
    [ "$status" -eq 0 ]
    [[ $output == *"building 'web1'"* ]]
    [[ $output == *'terminal: restored'* ]]
    vserver web1 delete --yes
    vserver images --json | jq -r '.images[].id' | xargs vserver images remove
    touch "$BATS_TEST_TMPDIR/wait"
    TYPE_AFTER=building run on_terminal 24x80 '\x03' vserver web1 build --from debian:trixie --network none
    [ "$status" -eq 254 ]    # it ends by the signal, as others do
    [[ $output == *'terminal: restored'* ]]
    nothing_half_built
    [ ! -e "$BATS_TEST_TMPDIR/waits" ] || ! kill -0 "$(<"$BATS_TEST_TMPDIR/waits")" 2>/dev/null
}

@test "without a terminal a build is silent but for its result" {
    run_vserver web1 build --from debian:trixie --network none
    [ "$status" -eq 0 ]
    [[ $output == 'web1: built (context '* ]]
    [ -z "$stderr" ]
}
