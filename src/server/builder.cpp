#include "server/builder.hpp"

#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>

#include <algorithm>
#include <cerrno>

#include "base/text.hpp"
#include "server/birth.hpp"
#include "server/keeper.hpp"
#include "server/keeper_protocol.hpp"
#include "server/void_namespace.hpp"
#include "sys/call.hpp"
#include "sys/file.hpp"
#include "sys/raw.hpp"
#include "sys/user_namespace.hpp"

namespace vs::server {

namespace {

/// The builder's side of its sockets, and what it hands to the server's first process.
struct Ends {
    sys::SocketFd report;
    sys::Fd reply;  ///< the same, out of the way of the keeper's descriptors
    sys::SocketFd to_child, child, child_command;
};

/// Why the first process gave up, by its record.
Error failure_from(const std::string& record, const std::string& init) {
    ChildFailure failure;
    if (record.size() != sizeof failure) return Error{Code::failed, 0, "the server's first process ended without saying why", {}};
    std::copy_n(record.data(), sizeof failure, reinterpret_cast<char*>(&failure));
    return child_error(failure, init);
}

/// Why the first process ended, by what it said on this socket: its announcements come before its record.
Error last_word_of_first_process(const sys::SocketFd& socket, const std::string& init) {
    auto record = sys::receive_message(socket);
    while (record && record->size() == 1) record = sys::receive_message(socket);
    return failure_from(record ? *record : "", init);
}

class Build {
  public:
    Build(BuildOrder order, Ends ends) : order_(std::move(order)), ends_(std::move(ends)) {}

    /// Ends on failure; then nothing of the server is left running.
    [[noreturn]] void run() {
        auto done = build();
        if (child_.pidfd.is_open()) (void)sys::send_signal(child_.pidfd, SIGKILL);
        if (!done) (void)sys::send_message(ends_.reply, base::pack(done.error()));
        sys::raw::exit_now(125);
    }

  private:
    Result<> build() {
        sys::set_umask(0);
        RootSources sources = TRY(open_root_sources(order_.root));
        TRY(enter_void(order_.void_namespace));
        TRY_WITH(take_limits(order_.child.limits), "apply the resource limits");
        TRY(clone_child());
        auto mapping = sys::NamespaceFd(TRY(sys::open_at(order_.proc, fmt::format("{}/ns/user", child_.pid), O_RDONLY)).release());
        StagedRoot staged = TRY(stage_root(std::move(sources), order_.root, {order_.void_namespace, order_.proc, mapping}));
        TRY(mount_guest_views(staged.root));
        if (order_.child.view >= 0) listener_ = TRY(receive_listener());
        int handed[] = {staged.root.get(), staged.console.slave.get()};
        if (int error = sys::raw::send_fds(ends_.to_child.get(), handed, 2); error < 0)
            return std::unexpected<Error>(error == -EPIPE ? child_outcome() : sys::error_from(-error, "hand over the root"));
        return become_keeper(std::move(staged));
    }

    Result<> clone_child() {
        {
            // Its user namespace is created by the server's own root, so that its budgets are its own and not root's.
            auto as_mapped_root = TRY(sys::ScopedEffectiveId::become(order_.root.first_id));
            TRY(give_birth({.proc = order_.proc, .first_id = order_.root.first_id, .network_namespaces = order_.network_namespaces,
                            .group = &order_.cgroups.group, .first_process = become_child, .argument = this}, child_));
            TRY(sys::send_message(ends_.to_child, "m"));  // first of all, for the child waits
            // Still as the owner of its namespace, who may do that without a capability in ours.
            TRY_WITH(limit_child(child_.pid, order_.child.limits), "apply its resource limits");
            TRY_WITH(sys::set_priority(child_.pid, order_.child.nice), "apply its priority");
        }
        TRY_WITH(detach_from_caller(child_.pid, order_.proc), "let it have nothing of its caller's");
        ends_.child.reset();
        ends_.child_command.reset();
        return sys::send_message(ends_.report, std::to_string(child_.pid));
    }

    /// The first process of the server, in a copy of our memory. It keeps open nothing of ours by whose end the command knows that we have
    /// ended: it would wait for us, and the command for it.
    static void become_child(void* build) {
        auto& own = *static_cast<Build*>(build);
        own.ends_.to_child.reset();
        own.ends_.report.reset();
        own.ends_.reply.reset();
        run_guest_child(own.order_.child, own.ends_.child.get(), own.ends_.child_command.get());
    }

    Result<> mount_guest_views(const sys::MountFd& root) {
        GuestNamespaces guest{child_.pidfd, child_.pid, order_.proc, order_.child.own_network, order_.view.shown, order_.root.first_id};
        TRY(unless_child_ended(mount_guest_processes(root, guest, order_.root.masks)));
        auto ready = TRY(sys::receive_message(ends_.to_child));  // its other namespaces are there
        if (ready.size() != 1) return std::unexpected<Error>(failure_from(ready, order_.child.init_path));
        return unless_child_ended(mount_guest_kernel(root, guest, order_.root.masks));
    }

    /// Of its filter's, for the keeper. Anything longer is a failure record.
    Result<sys::Fd> receive_listener() {
        if (TRY(sys::next_message_size(ends_.to_child)) != 1) return std::unexpected<Error>(child_outcome());
        return sys::receive_fd(ends_.to_child);
    }

    /// Where it has ended meanwhile, so have its namespaces: what it says is the reason. They go a moment before it is known to have ended
    /// (do_exit() in kernel/exit.c).
    Result<> unless_child_ended(Result<> done) {
        if (done) return done;
        const sys::Milliseconds moment(sys::is_gone(done.error()) ? 1000 : 0);
        if (TRY(sys::wait_for_exit(child_.pidfd, moment))) return std::unexpected<Error>(child_outcome());
        return done;
    }

    /// Why the child ended, when a message to or from it failed, or a visit.
    Error child_outcome() { return last_word_of_first_process(ends_.to_child, order_.child.init_path); }

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
    sys::Fd listener_;
};

}  // namespace

Result<Builder> start_builder(BuildOrder order, const sys::DirFd& keepers) {
    auto report = TRY(sys::make_socket_pair());
    auto command = TRY(sys::make_socket_pair());
    auto child = TRY(sys::make_socket_pair());
    Ends ends{std::move(report.theirs), {}, std::move(child.ours), {}, std::move(command.theirs)};
    ends.reply = TRY(sys::duplicate_high(ends.report));
    ends.child = sys::SocketFd(TRY(sys::duplicate_high(child.theirs)).release());
    child.theirs.reset();
    auto exec = sys::SocketFd(TRY(sys::duplicate(ends.to_child)).release());
    auto process = TRY_WITH(sys::clone_process({.flags = 0, .cgroup = &keepers}), "start the builder");
    if (process.pid == 0) {
        report.ours.reset();
        command.ours.reset();
        exec.reset();
        sys::start_session();
        Build(std::move(order), std::move(ends)).run();
    }
    return Builder{std::move(process.pidfd), std::move(report.ours), std::move(command.ours), std::move(exec)};
}

void end_builder(const Builder& builder) {
    (void)sys::send_signal(builder.pidfd, SIGKILL);  // it may just have ended
    (void)sys::reap(builder.pidfd);
}

namespace {

Result<FirstProcess> look_at(pid_t pid) {
    FirstProcess process;
    process.pid = pid;
    process.start_time = TRY(sys::start_time(pid));
    process.network = sys::NamespaceFd(TRY(sys::open_at(sys::kHere, fmt::format("/proc/{}/ns/net", pid), O_RDONLY)).release());
    return process;
}

/// Of a server whose first process is gone: its builder's word, or, where that had met nothing yet, its own.
Error why_it_ended(const Builder& builder, const std::string& init) {
    auto said = sys::receive_message(builder.report);
    if (!said) return said.error();
    if (*said != keeper::kRunning) return base::unpack(*said);
    return last_word_of_first_process(builder.exec, init);
}

}  // namespace

Result<FirstProcess> wait_for_first_process(const Builder& builder, const std::string& init) {
    // Not for its pid, which comes before: one wait is enough.
    auto ready = TRY(sys::wait_readable({builder.child, builder.pidfd}, std::nullopt));
    const bool made = ready == 0U && TRY(sys::receive_message(builder.child)) == "n";
    auto said = TRY(sys::receive_message(builder.report));
    auto pid = base::parse_number(said);
    if (!pid) return std::unexpected<Error>(base::unpack(said));
    auto process = look_at(static_cast<pid_t>(*pid));
    if (made && (process || !sys::is_gone(process.error()))) return process;
    return std::unexpected<Error>(why_it_ended(builder, init));
}

Result<> let_go_on(const Builder& builder) {
    auto sent = sys::send_message(builder.child, "u");
    if (!sent && sent.error().errno_value == EPIPE) return {};  // it has ended: whoever waits for it next hears why
    return sent;
}

Result<> wait_until_running(const Builder& builder, const std::string& init) {
    auto answer = TRY(sys::receive_message(builder.report));
    if (answer == keeper::kNoRecorder) return fail(Code::failed, "its recorder cannot be started: the machine has no room for another process, or forbids it");
    if (answer != keeper::kRunning) return std::unexpected<Error>(base::unpack(answer));
    auto word = TRY(sys::receive_message(builder.exec));
    const bool prepared = word == std::string_view(&kPrepared, 1);
    if (prepared) word = TRY(sys::receive_message(builder.exec));
    if (prepared && word.empty()) return {};
    return std::unexpected<Error>(failure_from(word, init));
}

}  // namespace vs::server
