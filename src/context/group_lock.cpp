#include "context/group_lock.hpp"

#include "context/context_groups.hpp"
#include "context/group_root.hpp"
#include "sys/file.hpp"
#include "sys/process.hpp"

namespace vs::context {

Result<> lock_own_group(const LockRequest& request) {
    auto lock = TRY(plan_lock(request));
    auto own = TRY(group_of(sys::own_pid()));
    if (own == TRY(cgroup2_mount()) + "/" || own.starts_with(TRY(group_root()) + "/"))
        return fail(Code::denied, "the control group '{}' is not a service's", own);
    return TRY(AddressLocker::open()).lock(lock, TRY(sys::open_dir(sys::kHere, own)));
}

}  // namespace vs::context
