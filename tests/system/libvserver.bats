#!/usr/bin/env bats
# libvserver(3): the example of the manual page is compiled as it stands there, in C and with the C++ face, and run.

load ../support/common
load ../support/contexts

setup() {
    require_feature program cc
    tree=$(realpath "${BATS_TEST_FILENAME%/*}/../..")
    library=${VSERVER_LIBEXEC%/*}/lib
    [ -e "$library/libvserver.so" ] || skip 'needs the shared library: this machine has the programs only'
    cd "$(open_directory)"
}

# What stands between the two fences of the page.
example() { sed -n '/^# EXAMPLE/,/^# SEE ALSO/ { /^```/d; /^#  *[A-Z]/d; s/\\\\/\\/g; p }' "$tree/man/libvserver.3.scd"; }

@test "the example compiles without a warning, and does what it says, for root and for a user" {
    example >example.c
    cc -Wall -Wextra -Wpedantic -Werror -std=c99 -I"$tree/include" -o example example.c -L"$library" -lvserver -Wl,-rpath,"$library"
    local who
    for who in env as_user; do
        run $who ./example
        echo "$output"
        [ "$status" -eq 0 ]
        [[ $output == *'in context 402'*'it ended with 7'* ]]
    done
}

@test "the C++ face compiles, and an error is a value with a sentence" {
    require_feature program c++
    cat >face.cpp <<'END'
#include <vserver/vserver.hpp>
#include <cstdio>
int main() {
    vserver::context context;
    context.areas("proc,uts").hostname("inner").keep(vserver_secure_capabilities());
    auto status = context.run({"sh", "-c", "test $(hostname) = inner && exit 5"});
    auto wrong = vserver::context().areas("nonsense").run({"true"});
    std::printf("%d %d %s\n", status.value(), wrong.failed(), wrong.message().c_str());
}
END
    c++ -Wall -Wextra -Wpedantic -Werror -std=c++17 -I"$tree/include" -o face face.cpp -L"$library" -lvserver -Wl,-rpath,"$library"
    run ./face
    [ "$output" = "5 1 there is no area 'nonsense'; there are fs, proc, ipc, uts, users, cgroup, time" ]
}

@test "only what the header declares is exported, with its version" {
    local declared exported
    declared=$(grep -oE '\bvserver_[a-z_]+\(' "$tree/include/vserver/vserver.h" | grep -v '_t(' | tr -d '(' | sort -u)
    exported=$(nm -D --defined-only "$library/libvserver.so" | awk '$2 == "T" { print $3 }' | sort -u)
    diff <(sed 's/$/@@VSERVER_1/' <<<"$declared" | sort) <(sort <<<"$exported")
}
