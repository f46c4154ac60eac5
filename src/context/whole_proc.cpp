#include "context/whole_proc.hpp"

#include <linux/mount.h>
#include <linux/sched.h>

#include "sys/clone.hpp"
#include "sys/mount.hpp"
#include "sys/mount_table.hpp"
#include "sys/process.hpp"

namespace vs::context {

Result<> see_whole_proc() {
    auto proc = TRY(sys::mounted_at("/proc"));
    if (!proc || proc->super_options.find("hidepid=") == std::string::npos) return {};
    if (!sys::is_superuser()) return fail(Code::denied, "this machine's /proc shows only root the processes of others");
    TRY(sys::unshare(CLONE_NEWNS));
    TRY(sys::make_everything_private());
    auto whole = TRY(sys::new_mount("proc", {}, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC));
    return sys::attach(whole, sys::kHere, "/proc");
}

}  // namespace vs::context
