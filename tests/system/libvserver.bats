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

@test "a process that was examined is signalled, and not another one that has its pid now" {
    cat >reuse.py <<'END'
import ctypes, os, signal, sys, time
library = ctypes.CDLL(sys.argv[1])
size = int(sys.argv[2])
def born_as(wanted):
    for _ in range(200):
        with open("/proc/sys/kernel/ns_last_pid", "w") as last:
            last.write(str(wanted - 1))
        pid = os.fork()
        if pid == 0:
            signal.pause()
        if pid == wanted:
            return pid
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    sys.exit("the pid was never free")
first = born_as(3000)
seen = ctypes.create_string_buffer(size.to_bytes(8, "little"), size)
assert library.vserver_examine(first, seen) == 0
with open(f"/proc/{first}/stat") as stat:
    born = int(stat.read().split()[21])
os.kill(first, signal.SIGKILL)
os.waitpid(first, 0)
while int(time.clock_gettime(time.CLOCK_BOOTTIME) * 100) <= born:    # pids do not come round within a tick of the clock
    pass
second = born_as(first)
print(library.vserver_signal(seen, 9), os.waitpid(second, os.WNOHANG))
assert library.vserver_examine(second, seen) == 0
print(library.vserver_signal(seen, 9), os.WTERMSIG(os.waitpid(second, 0)[1]))
END
    printf '#include <vserver/vserver.h>\n#include <stdio.h>\nint main(void) { printf("%%zu", sizeof(struct vserver_process)); }' >size.c
    cc -I"$tree/include" -o size size.c
    run unshare --pid --fork --mount-proc /usr/bin/python3 reuse.py "$library/libvserver.so" "$(./size)"
    echo "$output"
    [ "${lines[0]}" = '-3 (0, 0)' ]    # ESRCH, and the second lives
    [ "${lines[1]}" = '0 9' ]
}

@test "only what the header declares is exported, with its version" {
    local declared exported
    declared=$(grep -oE '\bvserver_[a-z_]+\(' "$tree/include/vserver/vserver.h" | grep -v '_t(' | tr -d '(' | sort -u)
    exported=$(nm -D --defined-only "$library/libvserver.so" | awk '$2 == "T" { print $3 }' | sort -u)
    diff <(sed 's/$/@@VSERVER_1/' <<<"$declared" | sort) <(sort <<<"$exported")
}

# The child of such a program has the locks of the C library as they were, and no thread that would let them go.
@test "a program of root's with threads that come and go does not hang where it makes a spectator" {
    cat >threads.c <<'END'
#include <pthread.h>
#include <vserver/vserver.h>
static void *nothing(void *unused) { return unused; }
static void *come_and_go(void *unused) {
    for (;;) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, nothing, NULL) == 0) pthread_join(thread, NULL);
    }
    return unused;
}
int main(void) {
    char *command[] = {"true", NULL};
    pthread_t thread;
    for (int i = 0; i < 4; ++i) pthread_create(&thread, NULL, come_and_go, NULL);
    for (int i = 0; i < 200; ++i) {
        struct vserver_context spectator = VSERVER_INIT_CONTEXT;
        struct vserver_run run = VSERVER_INIT_RUN;
        int status = 0;
        spectator.number = 1;
        if (vserver_start(&spectator, command, NULL, &run) < 0 || vserver_wait(&run, &status) < 0 || status != 0) return 1;
    }
    return 0;
}
END
    cc -Wall -Wextra -Wpedantic -Werror -pthread -I"$tree/include" -o threads threads.c -L"$library" -lvserver -Wl,-rpath,"$library"
    timeout --signal=KILL 120 ./threads
}
