#include "server/builder.hpp"

#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>

#include <algorithm>
#include <cerrno>

#include "base/text.hpp"
#include "server/keeper.hpp"
#include "server/keeper_protocol.hpp"
#include "server/void_namespace.hpp"
#include "sys/call.hpp"
#include "sys/file.hpp"
#include "sys/proc_stat.hpp"
#include "sys/raw.hpp"
#include "sys/user_namespace.hpp"

namespace vs::server {

namespace {

constexpr std::uint64_t kGuestNamespaces = CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS;

/// The builder's side of its sockets.
struct Ends {
    sys::SocketFd report, network;
};

class Build {
  public:
    Build(BuildOrder order, Ends ends) : order_(std::move(order)), ends_(std::move(ends)) {}

    /// Returns only on failure; then nothing of the server is left running.
    Error run() {
        auto done = build();
        if (child_.pidfd.is_open()) (void)sys::send_signal(child_.pidfd, SIGKILL);
        return done ? Error{Code::failed, 0, "unreachable", {}} : done.error();
    }

  private:
    Result<> build() {
        sys::set_umask(0);
        RootSources sources = TRY(open_root_sources(order_.root));
        TRY(enter_void(order_.void_namespace));
        TRY_WITH(take_limits(order_.child.limits), "apply the resource limits");
        TRY(clone_child());
        auto mapping = sys::NamespaceFd(TRY(sys::open_at(order_.proc, fmt::format("{}/ns/user", child_.pid), O_RDONLY)).release());
        GuestNamespaces guest{child_.pidfd, order_.proc, order_.child.own_network, order_.view.shown, order_.root.first_id};
        StagedRoot staged = TRY(stage_root(std::move(sources), order_.root, {order_.void_namespace, order_.proc, mapping}));
        TRY(mount_guest_views(staged, guest));
        int handed[] = {staged.root.get(), staged.console.slave.get()};
        if (int error = sys::raw::send_fds(to_child_.get(), handed, 2); error < 0)
            return std::unexpected<Error>(error == -EPIPE ? child_outcome() : sys::error_from(-error, "hand over the root"));
        TRY(wait_for_exec());
        return become_keeper(std::move(staged));
    }

    Result<> clone_child() {
        auto sockets = TRY(sys::make_socket_pair());
        to_child_ = std::move(sockets.ours);
        sys::Fd child_end = TRY(sys::duplicate_high(sockets.theirs));
        sockets.theirs.reset();
        {
            // Its user namespace is created by the server's own root, so that its budgets are its own and not root's.
            auto as_mapped_root = TRY(sys::ScopedEffectiveId::become(order_.root.first_id));
            child_ = TRY(sys::clone_process({.flags = kGuestNamespaces, .cgroup = &order_.cgroups.group}));
            if (child_.pid == 0) {
                to_child_.reset();
                ends_.report.reset();
                run_guest_child(order_.child, child_end.get(), ends_.network.get());
            }
            // Still as the owner of its namespace, who may do that without a capability in ours.
            TRY_WITH(limit_child(child_.pid, order_.child.limits), "apply its resource limits");
            TRY_WITH(sys::set_priority(child_.pid, order_.child.nice), "apply its priority");
        }
        TRY_WITH(detach_from_caller(child_.pid, order_.proc), "let it have nothing of its caller's");
        ends_.network.reset();
        TRY(sys::send_message(ends_.report, std::to_string(child_.pid)));
        TRY_WITH(sys::write_id_maps(order_.proc, child_.pid, sys::IdMapLine{0, order_.root.first_id, 65536}), "map the server's ids");
        return sys::send_message(to_child_, "m");
    }

    Result<> mount_guest_views(const StagedRoot& staged, const GuestNamespaces& guest) {
        auto ready = TRY(sys::receive_message(to_child_));  // its namespaces are there
        if (ready.size() != 1) return std::unexpected<Error>(failure_from(ready));
        auto made = create_guest_filesystems(guest);
        // Where it has ended meanwhile, so have its namespaces: what it says is the reason.
        if (!made && !TRY(lives())) return std::unexpected<Error>(child_outcome());
        return mount_guest_filesystems(staged.root, TRY(std::move(made)), order_.root.masks);
    }

    /// The socket closes by the exec; anything else on it is a failure record, but for the listener of a filter that has one. A server whose init
    /// has ended already was started.
    Result<> wait_for_exec() {
        if (order_.child.view >= 0 && TRY(sys::next_message_size(to_child_)) == 1) listener_ = TRY(sys::receive_fd(to_child_));
        auto record = TRY(sys::receive_message(to_child_));
        if (record.empty() && (TRY(lives()) || TRY(sys::has_executed(order_.proc, child_.pid)))) return {};
        return std::unexpected<Error>(failure_from(record));
    }

    Result<bool> lives() const { return !TRY(sys::wait_for_exit(child_.pidfd, sys::Milliseconds(0))); }

    /// Why the child ended, when a message to or from it failed.
    Error child_outcome() {
        auto record = sys::receive_message(to_child_);
        return failure_from(record ? *record : "");
    }

    Error failure_from(const std::string& record) const {
        ChildFailure failure;
        if (record.size() != sizeof failure) return Error{Code::failed, 0, "the server's first process ended without saying why", {}};
        std::copy_n(record.data(), sizeof failure, reinterpret_cast<char*>(&failure));
        return child_error(failure, order_.child.init_path);
    }

    Result<> become_keeper(StagedRoot staged) {
        TRY(sys::join(order_.host_mounts, CLONE_NEWNS));
        KeeperHandles handles;
        handles.console = std::move(staged.console.master);
        handles.console_slave = std::move(staged.console.slave);
        handles.root = std::move(staged.root);
        handles.init = std::move(child_.pidfd);
        handles.log_dir = std::move(order_.log_dir);
        handles.sockets = std::move(order_.sockets);
        handles.run_dir = std::move(order_.run_dir);
        handles.keeper_lock = std::move(order_.keeper_lock);
        handles.recorder_lock = std::move(order_.recorder_lock);
        handles.report = std::move(ends_.report);
        handles.view = {std::move(listener_), std::move(order_.view)};
        handles.left_behind = std::move(staged.left_behind);
        return std::unexpected<Error>(exec_keeper(std::move(handles), {order_.name, order_.generation, KeeperOrigin::parent, order_.log}));
    }

    BuildOrder order_;
    Ends ends_;
    sys::Child child_;
    sys::SocketFd to_child_;
    sys::Fd listener_;
};

}  // namespace

namespace {

/// Its first message: the pid of the server's first process.
Result<pid_t> receive_init(const sys::SocketFd& report) {
    auto first = TRY(sys::receive_message(report));
    auto pid = base::parse_number(first);
    if (!pid) return std::unexpected<Error>(base::unpack(first));
    return static_cast<pid_t>(*pid);
}

}  // namespace

Result<Builder> start_builder(BuildOrder order, const sys::DirFd& keepers) {
    auto report = TRY(sys::make_socket_pair());
    auto network = TRY(sys::make_socket_pair());
    auto process = TRY_WITH(sys::clone_process({.flags = 0, .cgroup = &keepers}), "start the builder");
    if (process.pid == 0) {
        report.ours.reset();
        network.ours.reset();
        sys::start_session();
        auto reply = sys::duplicate_high(report.theirs);  // out of the way of the keeper's descriptors
        auto error = Build(std::move(order), {std::move(report.theirs), std::move(network.theirs)}).run();
        if (reply) (void)sys::send_message(*reply, base::pack(error));
        sys::raw::exit_now(125);
    }
    report.theirs.reset();
    network.theirs.reset();
    Builder builder{std::move(process.pidfd), 0, std::move(report.ours), std::move(network.ours)};
    auto init = receive_init(builder.report);
    if (!init) end_builder(builder);
    builder.guest_init = TRY(std::move(init));
    return builder;
}

void end_builder(const Builder& builder) {
    (void)sys::send_signal(builder.pidfd, SIGKILL);  // it may just have ended
    (void)sys::reap(builder.pidfd);
}

Result<sys::NamespaceFd> wait_for_network_namespace(const Builder& builder) {
    auto ready = TRY(sys::wait_readable({builder.network, builder.report}, std::nullopt));
    if (ready == 0U && TRY(sys::receive_message(builder.network)) == "n") {
        auto network = sys::open_at(sys::kHere, fmt::format("/proc/{}/ns/net", builder.guest_init), O_RDONLY);
        if (network) return sys::NamespaceFd(network->release());
        if (!sys::is_gone(network.error())) return std::unexpected<Error>(network.error());
    }
    return std::unexpected<Error>(base::unpack(TRY(sys::receive_message(builder.report))));
}

Result<> network_is_up(const Builder& builder) {
    auto sent = sys::send_message(builder.network, "u");
    if (sent || sent.error().errno_value != EPIPE) return sent;  // the child still waits, and the builder has nothing to say
    return std::unexpected<Error>(base::unpack(TRY(sys::receive_message(builder.report))));
}

Result<> wait_until_running(const Builder& builder) {
    auto answer = TRY(sys::receive_message(builder.report));
    if (answer == keeper::kRunning) return {};
    if (answer == keeper::kNoRecorder) return fail(Code::failed, "its recorder cannot be started: the machine has no room for another process, or forbids it");
    return std::unexpected<Error>(base::unpack(answer));
}

}  // namespace vs::server
