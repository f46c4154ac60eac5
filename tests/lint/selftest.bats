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
