#include "server/stand_still.hpp"

#include "base/text.hpp"
#include "sys/clone.hpp"
#include "sys/file.hpp"
#include "sys/raw.hpp"

namespace vs::server {

namespace {

constexpr const char* kFreeze = "cgroup.freeze";

/// Until we have ended or let go, or the time is over.
void wait_and_wake(const sys::DirFd& group, const sys::Fd& parent, sys::Milliseconds limit) {
    (void)sys::wait_readable({parent}, limit);
    (void)sys::write_kernel_file(group, kFreeze, "0");
}

}  // namespace

Result<StandStill> StandStill::begin(const CgroupHost& host, const model::ServerName& name, sys::Milliseconds limit) {
    auto group = TRY(sys::open_dir(host.root(), name.text() + "/guest"));
    auto pipe = TRY(sys::make_pipe());
    auto waker = TRY(sys::clone_process({}));
    if (waker.pid == 0) {
        sys::start_session();
        (void)sys::raw::block_signals();
        pipe.write.reset();
        wait_and_wake(group, pipe.read, limit);
        sys::raw::exit_now(0);
    }
    StandStill still(std::move(group), std::move(pipe.write), std::move(waker.pidfd));
    TRY(sys::write_kernel_file(still.group_, kFreeze, "1"));
    if (TRY(sys::wait_frozen(still.group_, limit))) return still;
    return fail(Code::timeout, "it did not come to a stand within {} ms", limit.count());
}

StandStill::~StandStill() {
    if (!group_.is_open()) return;
    alive_.reset();
    (void)sys::write_kernel_file(group_, kFreeze, "0");
    (void)sys::reap(waker_);
}

bool StandStill::has_held() const {
    auto frozen = sys::wait_frozen(group_, sys::Milliseconds(0));
    return frozen && *frozen && !sys::wait_for_exit(waker_, sys::Milliseconds(0)).value_or(true);
}

}  // namespace vs::server
