#include "sys/whole_proc.hpp"

#include <linux/mount.h>
#include <linux/sched.h>

#include "sys/clone.hpp"
#include "sys/mount.hpp"
#include "sys/mount_table.hpp"
#include "sys/process.hpp"

namespace vs::sys {

Result<> see_whole_proc() {
    auto proc = TRY(mounted_at("/proc"));
    if (!proc || proc->super_options.find("hidepid=") == std::string::npos) return {};
    if (!is_superuser()) return fail(Code::denied, "this machine's /proc shows only root the processes of others");
    TRY(unshare(CLONE_NEWNS));
    TRY(make_everything_private());
    auto whole = TRY(new_mount("proc", {}, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC));
    return attach(whole, kHere, "/proc");
}

}  // namespace vs::sys
