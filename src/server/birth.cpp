#include "server/birth.hpp"

#include <linux/sched.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <string>

#include "sys/call.hpp"
#include "sys/file.hpp"
#include "sys/process.hpp"
#include "sys/raw.hpp"
#include "sys/user_namespace.hpp"

namespace vs::server {

namespace {

namespace raw = sys::raw;

constexpr std::uint64_t kGuestNamespaces = CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS;
constexpr std::uint32_t kIds = 65536;

/// What the helper is told and answers, in memory that it shares with us.
struct Birth {
    const BirthPlan& plan;
    int between = -1;  ///< the user namespace
    std::string limit, map;
    const char* step = "";
    int pid = 0, pidfd = -1;
};

/// "4711/uid_map"
struct MapPath {
    char text[32] = {};
    MapPath(int pid, const char* file) {
        char* end = std::to_chars(text, text + 16, pid).ptr;
        *end++ = '/';
        std::strcpy(end, file);
    }
};

int map_ids(const Birth& birth) noexcept {
    for (const char* file : {"uid_map", "gid_map"}) {
        const int written = raw::write_file(birth.plan.proc.get(), MapPath(birth.pid, file).text, birth.map.c_str(), birth.map.size());
        if (written < 0) return written;
    }
    return 0;
}

/// Below it nothing allocates. A negative errno, and in `birth.step` what failed.
int bear(Birth& birth) noexcept {
    // A child is born in a group of root's only by who may write there; root's id does not exist in the namespace that we join.
    birth.step = "go to files as root";
    if (int result = raw::touch_files_as(0); result < 0) return result;
    birth.step = "enter the user namespace around the server's";
    if (int result = raw::join_namespaces(birth.between, CLONE_NEWUSER); result < 0) return result;
    birth.step = "bound its network namespaces";
    const int bounded = raw::write_file(birth.plan.proc.get(), "sys/user/max_net_namespaces", birth.limit.c_str(), birth.limit.size());
    if (bounded < 0) return bounded;
    birth.step = "clone its first process";
    birth.pid = raw::clone_sibling({kGuestNamespaces, birth.plan.group != nullptr ? birth.plan.group->get() : -1}, &birth.pidfd);
    if (birth.pid == 0) birth.plan.first_process(birth.plan.argument);
    if (birth.pid < 0) return birth.pid;
    birth.step = "map its ids";
    return map_ids(birth);
}

int run_helper(void* birth) noexcept { raw::exit_now(-bear(*static_cast<Birth*>(birth))); }

Result<> clone_directly(const BirthPlan& plan, sys::Child& child) {
    child = TRY(sys::clone_process({.flags = kGuestNamespaces, .cgroup = plan.group}));
    if (child.pid == 0) plan.first_process(plan.argument);
    TRY_WITH(sys::write_id_maps(plan.proc, child.pid, sys::IdMapLine{0, plan.first_id, kIds}), "map the server's ids");
    return {};
}

/// Debian's kernels can be told that only root of the host makes user namespaces. The helper is none.
bool are_roots_only(sys::FdRef proc) {
    auto told = sys::read_kernel_file(proc, "sys/kernel/unprivileged_userns_clone");
    return told && *told == "0";
}

Error refusal(const BirthPlan& plan, const sys::ExitStatus& status, const char* step) {
    const int reason = status.kind == sys::ExitStatus::Kind::exited ? status.value : EINTR;
    if (reason != EPERM || !are_roots_only(plan.proc)) return sys::error_from(reason, step);
    return {Code::unsupported, reason, "limits.network_namespaces needs a second user namespace, and kernel.unprivileged_userns_clone = 0 keeps a "
            "server from having it: set that to 1, or limits.network_namespaces = 0", {}};
}

}  // namespace

Result<> give_birth(const BirthPlan& plan, sys::Child& child) {
    if (plan.network_namespaces == 0) return clone_directly(plan, child);
    auto between = TRY_WITH(sys::make_id_mapping(plan.proc, sys::IdMapLine{plan.first_id, plan.first_id, kIds}),
                            "make the user namespace around the server's");
    Birth birth{.plan = plan, .between = between.get(), .limit = std::to_string(plan.network_namespaces),
                .map = fmt::format("0 {} {}\n", plan.first_id, kIds)};
    const auto helper = raw::fork_sharing(run_helper, &birth);
    if (helper < 0) return std::unexpected<Error>(sys::error_from(-helper, "send a helper into the user namespace around the server's"));
    child.pid = birth.pid;
    child.pidfd = sys::PidFd(birth.pidfd);
    const auto status = TRY(sys::reap_child(helper));
    return status.success() ? Result<>() : std::unexpected<Error>(refusal(plan, status, birth.step));
}

Result<> try_birth(sys::FdRef proc, std::uint32_t first_id) {
    auto as_mapped_root = TRY(sys::ScopedEffectiveId::become(first_id));
    sys::Child child;
    auto born = give_birth({.proc = proc, .first_id = first_id, .network_namespaces = 1, .group = nullptr,
                            .first_process = [](void*) { raw::exit_now(0); }, .argument = nullptr}, child);
    if (child.pidfd.is_open()) TRY(sys::reap(child.pidfd));
    return born;
}

}  // namespace vs::server
