#include "sys/limits.hpp"

#include <linux/capability.h>
#include <sys/resource.h>

#include "sys/call.hpp"
#include "sys/capability.hpp"

namespace vs::sys {

bool may_raise_limits() {
    CapabilityBits bits;
    return get_capabilities_raw(bits) >= 0 && (bits.effective & (1ULL << CAP_SYS_RESOURCE)) != 0;
}

Result<LimitBounds> own_limit(int resource) {
    rlimit limit{};
    if (::getrlimit(static_cast<__rlimit_resource_t>(resource), &limit) < 0) return failed("getrlimit {}", resource);
    return LimitBounds{limit.rlim_cur, limit.rlim_max};
}

Result<> set_limit(pid_t process, int resource, LimitBounds bounds) {
    rlimit limit{bounds.soft, bounds.hard};
    if (::prlimit(process, static_cast<__rlimit_resource>(resource), &limit, nullptr) < 0) return failed("prlimit {}", resource);
    return {};
}

Result<> set_priority(pid_t process, int nice) {
    if (::setpriority(PRIO_PROCESS, static_cast<id_t>(process), nice) < 0) return failed("setpriority to {}", nice);
    return {};
}

}  // namespace vs::sys
