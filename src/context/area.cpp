#include "context/area.hpp"

#include <linux/sched.h>

#include <array>

namespace vs::context {

namespace {

constexpr std::array kAreaWords = {
    Word{kFiles, "fs", "mounts of its own"},
    Word{kProcesses, "proc", "only its own processes, and a /proc that shows them"},
    Word{kIpc, "ipc", "System V IPC and message queues of its own"},
    Word{kNames, "uts", "a host and domain name of its own"},
    Word{kUsers, "users", "capabilities that count inside only, and a keyring of its own"},
    Word{kCgroups, "cgroup", "its control group as the root of the tree"},
    Word{kTime, "time", "clocks since boot that begin with it"},
};
constexpr std::array kFlagWords = {
    Word{kLock, "lock", "no further context can be made inside"},
    Word{kPrivate, "private", "nobody enters it with --ctx"},
    Word{kNproc, "nproc", "the limit of processes counts for the whole context"},
    Word{kSched, "sched", "its processes get the processor time of one"},
    Word{kFakeInit, "fakeinit", "the command is process 1"},
    Word{kUlimit, "ulimit", "the soft limits in force cannot be raised"},
};

}  // namespace

std::span<const Word> area_words() { return kAreaWords; }
std::span<const Word> flag_words() { return kFlagWords; }

std::uint64_t namespaces_of(Areas areas) {
    std::uint64_t flags = 0;
    // Whoever gets another /proc, message queue or control group needs mounts of his own for it.
    if ((areas & (kFiles | kProcesses | kIpc | kCgroups)) != 0) flags |= CLONE_NEWNS;
    if ((areas & kProcesses) != 0) flags |= CLONE_NEWPID;
    if ((areas & kIpc) != 0) flags |= CLONE_NEWIPC;
    if ((areas & kNames) != 0) flags |= CLONE_NEWUTS;
    if ((areas & kUsers) != 0) flags |= CLONE_NEWUSER;
    if ((areas & kCgroups) != 0) flags |= CLONE_NEWCGROUP;
    return flags;
}

}  // namespace vs::context
