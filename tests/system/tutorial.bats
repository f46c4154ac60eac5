#!/usr/bin/env bats
# docs/tutorial.md, typed as it stands: each command of its blocks `console`, in order, with what it says there.

load ../support/common
load ../support/servers

teardown() { servers+=(web1); remove_servers; remove_all_images; end_test; }

remove_all_images() { vserver images --json | jq -r '.images[].id' | xargs -r vserver images remove; }

# "COMMAND", then the lines that it prints, up to a line with \x01 alone.
commands() {
    awk '/^```console$/ { inside = 1; next }
         /^```$/ { if (inside) print "\x01"; inside = 0; begun = 0 }
         !inside { next }
         sub(/^# /, "") { if (begun) print "\x01"; begun = 1 }
         { print }' "$BATS_TEST_DIRNAME/../../docs/tutorial.md" | sed 's/192\.0\.2\.10/10.77.0.10/g'
}

# Literally, but for "...", which is anything.
pattern_of() { printf '%s' "$1" | sed 's/[][*?\\]/\\&/g; s/\.\.\./*/g'; }

@test "the tutorial does what it says" {
    local command line expected count=0
    while IFS= read -r command; do
        expected=''
        while IFS= read -r line && [[ $line != $'\x01' ]]; do expected+=${expected:+$'\n'}$line; done
        echo "# $command"
        run bash -c "$command" </dev/null
        echo "$output"
        [ "$status" -eq 0 ]
        # shellcheck disable=SC2053
        [[ $output == $(pattern_of "$expected") ]] || { echo "the tutorial says: $expected"; return 1; }
        (( count += 1 ))
    done < <(commands)
    (( count > 30 ))
}
