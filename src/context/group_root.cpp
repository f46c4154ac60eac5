#include "context/group_root.hpp"

#include "sys/cgroup.hpp"
#include "sys/file.hpp"
#include "sys/process.hpp"

namespace vs::context {

namespace {

const std::string kMount = "/sys/fs/cgroup";
const std::string kSystemdUnit = "vservers.service";

}  // namespace

Result<std::string> cgroup2_mount() {
    for (const auto& path : {kMount, kMount + "/unified"})
        if (TRY(sys::cgroup_version_at(path)) == sys::CgroupVersion::v2) return path;
    return fail(Code::unsupported, "there is no cgroup2 file system at {} or {}/unified: mount one", kMount, kMount);
}

Result<std::string> group_root() {
    auto mount = TRY(cgroup2_mount());
    if (!TRY(sys::exists(sys::kHere, "/run/systemd/system"))) return mount + "/vservers";
    auto path = mount + "/system.slice/" + kSystemdUnit;
    if (!TRY(sys::exists(sys::kHere, path)))
        TRY_WITH(sys::run_checked({"systemctl", "start", kSystemdUnit}, {.limit = sys::Milliseconds(30'000)}),
                 "ask systemd for the control group of the servers");
    return path;
}

}  // namespace vs::context
