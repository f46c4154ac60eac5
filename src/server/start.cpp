#include "server/start.hpp"

#include <fcntl.h>

#include "base/text.hpp"
#include "context/address_lock.hpp"
#include "context/shield.hpp"
#include "model/paths.hpp"
#include "server/builder.hpp"
#include "server/devices.hpp"
#include "server/hooks.hpp"
#include "server/host_limits.hpp"
#include "server/keeper.hpp"
#include "server/network_view.hpp"
#include "server/our_programs.hpp"
#include "server/prepare.hpp"
#include "server/restart.hpp"
#include "server/shield.hpp"
#include "server/void_namespace.hpp"
#include "storage/record.hpp"
#include "sys/file.hpp"

namespace vs::server {

namespace {

/// One start, from the state on disk to the running init. What it makes is named in the state first, so that tear_down knows.
class Start {
  public:
    Start(const storage::Store& store, const Server& server, const RunDir& run, const CgroupHost& host)
        : store_(store), server_(server), run_(run), host_(host) {}

    Result<RunState> run(Purpose purpose) {
        purpose_ = purpose;
        network_ = TRY(HostNetwork::open());
        TRY(plan());
        TRY(run_.write(state_));
        auto built = build();
        if (built) return state_;
        auto undone = tear_down(host_, server_.name, run_, state_);
        auto error = built.error();
        if (!undone) error.cause += fmt::format(" (and cleaning up failed: {})", undone.error().message());
        return std::unexpected<Error>(std::move(error));
    }

  private:
    Result<> plan() {
        state_.purpose = purpose_;
        state_.number = server_.record.number;
        state_.generation = TRY(run_.next_generation());
        state_.started = storage::timestamp();
        state_.log = server_.settings.log;
        state_.secluded = purpose_ == Purpose::service && server_.settings.secluded;
        if (state_.secluded) TRY(require_door());
        auto facts = TRY(network_->facts(server_.settings.network));
        state_.network = TRY(plan_network(server_.settings.network, state_.number, state_.generation, facts));
        if (purpose_ == Purpose::service) state_.network.devices = server_.settings.devices;
        return refuse_used_addresses();
    }

    Result<> refuse_used_addresses() {
        for (const auto& conflict : TRY(network_->addresses_in_use(state_.network))) {
            auto owner = conflict.context ? fmt::format("context {}", *conflict.context) : std::string("the host");
            return fail(Code::busy, "the address {} is in use by {} on '{}': give '{}' another one, or take it away there",
                        conflict.address.text(), owner, conflict.device, server_.name.text());
        }
        return {};
    }

    Result<> build() {
        auto keepers = TRY(host_.keepers());
        auto builder = TRY(start_builder(TRY(order()), keepers));
        auto running = accompany(builder);
        if (!running) end_builder(builder);
        return running;
    }

    /// The command's part while the builder builds, until the state says that the server runs.
    Result<> accompany(const Builder& builder) {
        TRY(prepare_host());
        auto first = TRY(wait_for_first_process(builder, kGuestInit));
        state_.init = first.pid;
        state_.init_start = first.start_time;
        TRY(connect(first.network));
        TRY(let_go_on(builder));
        TRY(wait_until_running(builder, kGuestInit));
        state_.phase = Phase::running;
        // A name that the guest chose, going into a file of lines: nothing in it may begin a line of its own.
        auto program = sys::program_of(state_.init);
        if (program) state_.init_path = base::escape_control(*program);
        if (state_.secluded) TRY(context::set_privacy(state_.number, context::Privacy::private_));
        return run_.write(state_);
    }

    Result<> prepare_host() {
        TRY_WITH(raise_host_limits(TRY(sys::open_dir(sys::kHere, "/proc/sys"))), "raise the host's limits");
        TRY_WITH(network_->prepare(state_.network), "prepare the host's network");
        return {};
    }

    Result<> connect(const sys::NamespaceFd& guest) {
        if (model::uses_host_network(state_.network.kind)) return {};
        TRY_WITH(network_->bring_up(state_.network, guest), "connect its network");
        return give_devices(run_, state_.network, guest);
    }

    /// Of the host's network, before its view is made of what is there.
    Result<> give_addresses() {
        TRY(network_->add_aliases(state_.network));
        TRY_WITH(lock_addresses(), "lock it to its addresses");
        return {};
    }

    /// On the group above the delegated one: nothing of the server lives yet, and its root can never leave it.
    Result<> lock_addresses() {
        context::AddressLock lock;
        for (const auto& address : state_.network.addresses)
            lock.addresses.push_back({address, static_cast<std::uint8_t>(address.bytes().size() * 8)});
        lock.loopback = state_.network.loopback();
        lock.low_port_uid = state_.number.first_id();
        auto locker = TRY(context::AddressLocker::open());
        return locker.lock(lock, TRY(sys::open_dir(host_.root(), server_.name.text())));
    }

    Result<Likeness> show_network() {
        const auto groups = TRY(view_cgroups(host_, server_.name.text()));
        auto network = TRY(start_network_view(run_, {server_.name.text(), state_.network, groups, "self", {}}));
        view_ = TRY(connect_to_view(run_));
        return network;
    }

    Result<BuildOrder> order() {
        BuildOrder order;
        order.name = server_.name.text();
        order.generation = state_.generation;
        order.network_namespaces = server_.settings.limits.network_namespaces;
        order.root = TRY(plan_root(store_, server_));
        prepared_ = TRY(PreparedInit::make(server_, purpose_));
        order.child = prepared_->child_plan(server_, state_.network);
        order.cgroups = TRY_WITH(create_cgroups(host_, order.name, server_.settings.limits, state_.number.first_id()), "make its control groups");
        if (state_.network.kind == model::NetworkKind::bind) TRY(give_addresses());
        if (state_.network.has_own_view()) order.view = TRY_WITH(show_network(), "show it its own network");
        order.child.view = view_.get();
        for (const auto& tasks : order.cgroups.v1_tasks) order.child.v1_tasks.push_back(tasks.get());
        order.void_namespace = TRY(open_void_namespace());
        order.host_mounts = sys::NamespaceFd(TRY(sys::open_at(sys::kHere, "/proc/self/ns/mnt", O_RDONLY)).release());
        order.proc = TRY(sys::open_dir(sys::kHere, "/proc"));
        order.log_dir = TRY(open_log_dir(server_.name));
        order.keeper_lock = TRY(sys::lock_file(run_.dir(), "keeper.lock", sys::LockWait::wait));
        // Before the sockets: a note for a stopped server (log_note.cpp) has sockets of these names while it holds that.
        order.recorder_lock = TRY(sys::lock_file(run_.dir(), "recorder.lock", sys::LockWait::wait));
        order.sockets = TRY_WITH(make_log_sockets(run_.dir()), "make its log sockets");
        order.log = state_.log;
        order.root.log_sockets = fmt::format("{}/{}/{}", model::paths::kRun, order.name, kLogSocketDir);
        order.root.runs_guest_init = purpose_ == Purpose::service && server_.settings.init != model::InitKind::services;
        order.run_dir = TRY(sys::open_dir(run_.dir(), "."));
        return order;
    }

    const storage::Store& store_;
    const Server& server_;
    const RunDir& run_;
    const CgroupHost& host_;
    Purpose purpose_ = Purpose::service;
    std::optional<HostNetwork> network_;
    std::optional<PreparedInit> prepared_;  // holds what the child's plan points to
    sys::Fd view_;  // a connection
    RunState state_;
};

Result<> refuse_running(const CgroupHost& host, const Server& server, const RunDir& run) {
    auto running = TRY(settle(host, server.name, run));
    if (running && running->purpose == Purpose::maintenance)
        return fail(Code::busy, "a command works in the stopped '{}': wait until it has ended", server.name.text());
    if (running) return fail(Code::busy, "'{}' is running already", server.name.text());
    return {};
}

/// 0 is no limit.
std::string or_unlimited(std::uint64_t limit) { return limit == 0 ? "unlimited" : std::to_string(limit); }

/// What who starts a server holds.
struct Hold {
    const RunDir& run;
    const CgroupHost& host;
    sys::Fd lock;
};

Result<StartReport> start_held(const storage::Store& store, Server server, Hold hold) {
    StartReport report;
    if (!server.settings.hooks.empty()) {
        hold.lock.reset();
        TRY(run_hook(store, server, HookPhase::pre_start));
        hold.lock = TRY(lock_server(hold.host, server.name, hold.run));
        TRY(refuse_running(hold.host, server, hold.run));  // somebody else may have been faster
        server = TRY(load_server(store, server.name.text()));  // or have set it anew: the hook itself, for one
    }
    report.state = TRY(Start(store, server, hold.run, hold.host).run(Purpose::service));
    hold.lock.reset();
    if (auto hook = run_hook(store, server, HookPhase::post_start); !hook) report.notes.push_back(hook.error().message());
    return report;
}

}  // namespace

Result<RunState> start_for_maintenance(const storage::Store& store, const Server& server, const RunDir& run) {
    const auto host = TRY(CgroupHost::open());
    return Start(store, server, run, host).run(Purpose::maintenance);
}

Result<StartReport> start_server(const storage::Store& store, const model::ServerName& name) {
    // What cannot be loaded leaves nothing in /run.
    if (!TRY(sys::exists(sys::kHere, fmt::format("{}/{}", model::paths::kRun, name.text())))) TRY(load_server(store, name.text()));
    const auto run = TRY(RunDir::open(name));
    const auto host = TRY(CgroupHost::open());
    auto lock = TRY(lock_server(host, name, run));
    auto server = TRY(load_server(store, name.text()));  // only now: who had the lock may have deleted it, or set it anew
    TRY(refuse_running(host, server, run));
    TRY(cancel_restart(run));
    return start_held(store, std::move(server), {run, host, std::move(lock)});
}

Result<StartReport> start_locked(const storage::Store& store, Server server, const RunDir& run, sys::Fd lock) {
    const auto host = TRY(CgroupHost::open());
    return start_held(store, std::move(server), {run, host, std::move(lock)});
}

Result<std::vector<std::string>> describe_start(const storage::Store& store, const Server& server) {
    auto network = TRY(HostNetwork::open());
    auto facts = TRY(network.facts(server.settings.network));
    auto plan = TRY(plan_network(server.settings.network, server.record.number, 1, facts));
    plan.devices = server.settings.devices;
    auto root = TRY(plan_root(store, server));
    std::vector<std::string> lines = {
        fmt::format("context {}, host ids {} to {}", server.record.number.context(), root.first_id, root.first_id + 65535),
        fmt::format("root: {} over {}", root.server_dir, fmt::join(root.images, ", ")),
        fmt::format("network: {}", print_plan(plan)),
        fmt::format("limits: {} processes, memory {}", or_unlimited(server.settings.limits.processes), or_unlimited(server.settings.limits.memory.value_or(0))),
        fmt::format("capabilities: {}", fmt::join(server.settings.capabilities.names(), " "))};
    for (const auto& mount : root.mounts) lines.push_back(fmt::format("map {} to {} ({})", mount.from, mount.to, mount.writable ? "rw" : "ro"));
    for (const auto& volume : root.volumes) lines.push_back(fmt::format("volume {}", volume.to));
    return lines;
}

}  // namespace vs::server
