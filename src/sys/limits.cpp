#include "sys/limits.hpp"

#include <linux/capability.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>

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

Result<> reset_scheduling(pid_t process) {
    // The kernel takes as much of it as it has processors, and of those what the cpuset allows.
    std::array<unsigned long, 128> every_processor;
    every_processor.fill(~0UL);
    if (::syscall(SYS_sched_setaffinity, process, sizeof every_processor, every_processor.data()) < 0) return failed("sched_setaffinity");
    sched_param ordinary{};
    if (::sched_setscheduler(process, SCHED_OTHER, &ordinary) < 0) return failed("sched_setscheduler");
    constexpr int kWhoProcess = 1;  // <linux/ioprio.h> is no C++
    if (::syscall(SYS_ioprio_set, kWhoProcess, process, 0) < 0) return failed("ioprio_set");
    return {};
}

}  // namespace vs::sys
