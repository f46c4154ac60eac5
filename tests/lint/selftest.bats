# The lints, tested themselves: each passes on good input and fails on each bad one. Needs no privilege.

setup() { lint=$BATS_TEST_DIRNAME; src=$BATS_TEST_TMPDIR/src; }

# put FILE TEXT: a file of an invented source tree.
put() { mkdir -p "$(dirname "$src/$1")"; echo "$2" >"$src/$1"; }

# verdict LINT STATUS [WORDS]
verdict() {
    run "$lint/$1" "$src"
    echo "$output"
    [ "$status" -eq "$2" ]
    [[ $output == *"${3:-}"* ]]
}

@test "layering: down, within a room and outside the rooms is free" {
    put server/start.cpp '#include "server/start.hpp"
#include "context/ceiling.hpp"
#include "base/result.hpp"
#include <sys/stat.h>
#include <sys/mount.h>'
    put base/text.hpp '#include <sys/types.h>'
    put box/policy.cpp '#include "context/context.hpp"
#include "sys/fd.hpp"'
    verdict layering 0
}

@test "layering: up, sideways, past the box's wall and into a room that is none" {
    put sys/fd.cpp '#include "context/ceiling.hpp"'
    verdict layering 1 'sys/fd.cpp:1: sys may not include context'
    put sys/fd.cpp '#  include "../model/name.hpp"'
    verdict layering 1 'sys may not include model'
    rm "$src/sys/fd.cpp"
    put guard/scan.hpp '#include "box/policy.hpp"'
    verdict layering 1 'guard may not include box'
    rm "$src/guard/scan.hpp"
    put box/policy.cpp '#include "server/start.hpp"'
    verdict layering 1 'box may not include server'
    put box/policy.cpp '#include "storage/image.hpp"'
    verdict layering 1 'box may not include storage'
    rm "$src/box/policy.cpp"
    put programs/tools/vps.cpp '#include "context/roster.hpp"'
    verdict layering 1 'a tool may not include context'
    put programs/tools/vps.cpp '#include "library/report.hpp"
#include "sys/process.hpp"'
    verdict layering 0
    rm "$src/programs/tools/vps.cpp"
    put util/text.hpp '#include "base/text.hpp"'
    verdict layering 1 'no room'
}

@test "errno: sys, unit tests, freestanding programs, words and constants are free" {
    put sys/call.cpp 'int now() { return errno; }'
    put server/start.cpp '#include <cerrno>
// errno is for sys
if (error.errno_value == ENOENT) name = "errno";'
    put server/start_test.cpp '#include <sys/wait.h>'
    put programs/keeper/keeper.cpp '// The keeper: static, freestanding.
#include <sys/syscall.h>'
    verdict errno 0
}

@test "errno: reads, headers and calls elsewhere" {
    put storage/image.cpp 'if (errno == ENOENT) return;'
    verdict errno 1 'storage/image.cpp:1'
    put storage/image.cpp '#include <sys/mount.h>'
    verdict errno 1 'storage/image.cpp:1'
    put storage/image.cpp '#include <sched.h>'
    verdict errno 1 'storage/image.cpp:1'
    put storage/image.cpp 'long pid = syscall(SYS_getpid);'
    verdict errno 1 'storage/image.cpp:1'
    rm "$src/storage/image.cpp"
    put programs/vserver.cpp '#include <sys/syscall.h>'
    verdict errno 1 'programs/vserver.cpp:1'
}

@test "names: fails on a home directory, on a path of the work tree and on a private mirror" {
    mkdir -p "$src"
    git -C "$src" init -q
    put README 'see /usr/share/doc and https://www.example.org/'
    git -C "$src" add .
    verdict names 0
    put README "see /home/${USER:-somebody}/notes"
    verdict names 1 README
    put README "see $src/build"
    verdict names 1 README
    put README 'the mirror is packages.example.net'
    export http_proxy=http://user:word@packages.example.net:3128
    verdict names 1 README
}

# A library that is made of two rooms, and loads nothing.
licence_project() {
    mkdir -p "$BATS_TEST_TMPDIR"/src/{library,base,cli}
    echo 'vs_room(library LINKS vs_base)
    LINKS vs_base' >"$src/library/CMakeLists.txt"
    echo 'vs_room(base)' >"$src/base/CMakeLists.txt"
    put library/a.cpp "#include \"${1:-base/text.hpp}\""
    printf '%s\n' '[[annotations]]' 'path = [' '    "src/library/**",' '    "src/base/**",' ']' \
        'SPDX-License-Identifier = "LGPL-2.1-or-later"' >"$BATS_TEST_TMPDIR/REUSE.toml"
}

@test "licence: what libvserver is made of and loads is as free as itself" {
    licence_project
    run "$lint/licence" /dev/null "$BATS_TEST_TMPDIR"
    [ "$status" -eq 0 ]
    run "$lint/licence" "$(command -v ip)" "$BATS_TEST_TMPDIR"
    [ "$status" -eq 1 ]
    [[ $output == *'libvserver loads'*'is it as free?'* ]]
    licence_project cli/run.hpp
    run "$lint/licence" /dev/null "$BATS_TEST_TMPDIR"
    [ "$status" -eq 1 ]
    [[ $output == *'the room library includes from cli'* ]]
    licence_project
    sed -i '/base/d' "$BATS_TEST_TMPDIR/REUSE.toml"
    run "$lint/licence" /dev/null "$BATS_TEST_TMPDIR"
    [ "$status" -eq 1 ]
    [[ $output == *'links the room base'* ]]
    licence_project
    put library/b.cpp '#include <nftables/libnftables.h>'
    run "$lint/licence" /dev/null "$BATS_TEST_TMPDIR"
    [ "$status" -eq 1 ]
    [[ $output == *'<nftables/>'* ]]
}

@test "negated: a '!' that bash lets pass is found, one that can fail a test is not" {
    printf '@test "x" {\n    ! grep a b || false\n    ! mountpoint -q a || umount a\n}\n' >"$BATS_TEST_TMPDIR/a.bats"
    run "$lint/negated" "$BATS_TEST_TMPDIR"
    [ "$status" -eq 0 ]
    printf '@test "x" {\n    ! grep a b\n    true\n}\n' >"$BATS_TEST_TMPDIR/b.bats"
    run "$lint/negated" "$BATS_TEST_TMPDIR"
    [ "$status" -eq 1 ]
    [[ $output == *'b.bats:2:'* ]]
}
