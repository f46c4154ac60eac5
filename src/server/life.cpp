#include "server/life.hpp"

#include "context/address_lock.hpp"
#include "context/shield.hpp"
#include "server/devices.hpp"
#include "server/keeper.hpp"
#include "server/network_view.hpp"
#include "sys/file.hpp"
#include "sys/process.hpp"

namespace vs::server {

namespace {

constexpr std::chrono::seconds kKeeperPatience{20};

/// An error also where it is gone.
Result<bool> is_the_init(const CgroupHost& host, const model::ServerName& name, const RunState& state) {
    if (TRY(sys::start_time(state.init)) != state.init_start) return false;
    auto pidfd = TRY(sys::open_pidfd(state.init));
    if (TRY(sys::wait_for_exit(pidfd, sys::Milliseconds(0)))) return false;
    return belongs_to(host, name.text(), state.init);
}

/// Until init_ended() has the server's lock, which is at once but for a keeper that somebody has stopped.
Result<> wait_for_keeper(const RunDir& run) {
    const auto until = std::chrono::steady_clock::now() + kKeeperPatience;
    while (TRY(sys::is_locked(run.dir(), "keeper.lock"))) {
        if (std::chrono::steady_clock::now() > until)
            return fail(Code::busy, "its init has ended and its keeper does nothing: end the process vserver-keeper of this server, and try again");
        TRY(sys::wait_readable({}, sys::Milliseconds(5)));
    }
    return {};
}

}  // namespace

Result<bool> init_lives(const CgroupHost& host, const model::ServerName& name, const RunState& state) {
    if (state.init == 0) return false;
    auto lives = is_the_init(host, name, state);
    if (!lives && sys::is_gone(lives.error())) return false;
    return lives;  // who could not be asked about is not dead: a server must not be torn down for want of a descriptor
}

Result<> tear_down(const CgroupHost& host, const model::ServerName& name, const RunDir& run, const RunState& state) {
    TRY_WITH(kill_everything(host, name.text()), "end the processes of '{}'", name.text());
    if (state.secluded) TRY(context::set_privacy(state.number, context::Privacy::shared));
    auto network = TRY(HostNetwork::open());
    TRY_WITH(network.take_down(state.network), "take down the network of '{}'", name.text());
    TRY_WITH(take_devices_back(run, state.network), "take back the devices of '{}'", name.text());
    TRY_WITH(remove_cgroups(host, name.text()), "remove the control groups of '{}'", name.text());
    if (state.network.kind == model::NetworkKind::bind) TRY(TRY(context::AddressLocker::open()).forget_unused_listeners());
    return run.clear();
}

Result<sys::Fd> lock_server(const CgroupHost& host, const model::ServerName& name, const RunDir& run) {
    for (;;) {
        auto lock = TRY(run.lock());
        auto state = TRY(run.read());
        bool ended = state && state->phase == Phase::running && !TRY(init_lives(host, name, *state));
        if (!ended || !TRY(sys::is_locked(run.dir(), "keeper.lock"))) return lock;
        lock.reset();
        TRY(wait_for_keeper(run));
    }
}

Result<> mend(const CgroupHost& host, const model::ServerName& name, const RunDir& run, const RunState& state) {
    TRY(adopt_if_orphaned(name, run, state));
    // A server that is to be stopped must not go on for want of its view; who enters is told why there is none.
    (void)restore_network_view(host, name, run, state);
    return {};
}

Result<std::optional<RunState>> settle(const CgroupHost& host, const model::ServerName& name, const RunDir& run) {
    TRY(run.sweep());
    auto state = TRY(run.read());
    if (!state) return std::nullopt;
    bool wanted = state->purpose == Purpose::service || TRY(sys::is_shared(run.dir(), kMaintenanceLock));
    bool lives = state->phase == Phase::running && wanted && TRY(init_lives(host, name, *state));
    if (!lives) {
        TRY_WITH(tear_down(host, name, run, *state), "clean up after '{}'", name.text());
        return std::nullopt;
    }
    TRY(mend(host, name, run, *state));
    return state;
}

}  // namespace vs::server
