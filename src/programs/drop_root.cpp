// Part of freestanding programs: the recorder and the network view.

#include "programs/drop_root.hpp"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>

namespace vs::programs {

namespace {

/// Up to the last capability that this kernel knows, where it says EINVAL.
bool empty_bounding_set() {
    unsigned long capability = 0;
    while (::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0) ++capability;
    return errno == EINVAL && capability > CAP_SETPCAP;
}

bool become(uid_t uid) {
    return ::setgroups(0, nullptr) == 0 && ::setresgid(uid, uid, uid) == 0 && ::setresuid(uid, uid, uid) == 0;
}

bool drop_capabilities() {
    __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    constexpr std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> kNone{};
    if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0) return false;
    return ::syscall(SYS_capset, &header, kNone.data()) == 0;
}

bool give_up_privileges() { return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_DUMPABLE, 0) == 0; }

}  // namespace

const char* drop_root(uid_t uid) {
    if (!empty_bounding_set()) return "empty its capability bounding set";
    if (!become(uid)) return "become its own user";
    if (!drop_capabilities()) return "drop its capabilities";
    if (!give_up_privileges()) return "give up new privileges";
    return nullptr;
}

}  // namespace vs::programs
