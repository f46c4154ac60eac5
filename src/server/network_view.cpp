#include "server/network_view.hpp"

#include <linux/sched.h>

#include <cerrno>

#include "base/text.hpp"
#include "server/keeper.hpp"
#include "server/network_view_protocol.hpp"
#include "server/our_programs.hpp"
#include "server/view_likeness.hpp"
#include "sys/call.hpp"
#include "sys/clone.hpp"
#include "sys/local_socket.hpp"
#include "sys/mount.hpp"
#include "sys/notification.hpp"
#include "sys/raw.hpp"
#include "sys/seccomp.hpp"

namespace vs::server {

namespace {

// Its own uid, beside the recorder's: below every server's range, in nobody's /etc/passwd.
constexpr std::uint32_t kViewUid = 0x6fff0002;

std::string socket_path(const RunDir& run) { return fmt::format("{}/{}", run.path(), kViewSocket); }

/// By what the view knows a network namespace: the number of a file that each has for itself.
Result<std::uint64_t> number_of_network(const std::string& process) {
    return TRY(sys::stat_at(sys::kHere, fmt::format("/proc/{}/net/dev", process))).st_ino;
}

/// Who is out of memory in the server's groups must not take this: it has next to none. Where root may not say so, it takes it as the last.
void survive_want_of_memory() { (void)sys::write_kernel_file(sys::kHere, "/proc/self/oom_score_adj", "-1000"); }

/// What the process that becomes the view has, beside its order.
struct Makings {
    sys::SocketFd listening;
    std::vector<ShownDevice> devices;
    std::uint64_t network = 0;
};

/// Returns only on failure.
Result<> become_view(const Makings& makings, sys::FdRef report, ViewOrder& order) {
    for (const auto& tasks : order.groups.v1_tasks)
        if (int error = sys::raw::join_cgroup1(tasks.get()); error < 0) return std::unexpected<Error>(sys::error_from(-error, "join its version 1 control groups"));
    survive_want_of_memory();
    if (order.network.shown.is_open()) TRY(sys::join(order.network.shown, CLONE_NEWNET));
    else order.network = TRY_WITH(make_likeness(makings.devices), "make its network");
    auto proc = TRY(sys::new_mount("proc", {}, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC));
    TRY(sys::send_fd(report, order.network.shown));
    TRY(sys::send_fd(report, order.network.away));
    TRY(sys::place_descriptors({makings.listening, proc, order.network.away, report}, netview::kListening));
    TRY(sys::silence_standard());
    TRY(sys::close_on_exec_from(netview::kReport + 1));
    return std::unexpected<Error>(sys::exec_program({libexec_program("vserver-netview"), order.name, std::to_string(kViewUid), std::to_string(makings.network)},
                                                    program_environment()));
}

/// Its namespaces come first, then nothing: it is ready, and has closed the socket. Or why it is not: of ours until the exec, then of its own.
Result<Likeness> receive_network(const sys::SocketFd& report) {
    Likeness network;
    for (auto* each : {&network.shown, &network.away})
        if (TRY(sys::next_message_size(report)) == 1) *each = sys::NamespaceFd(TRY(sys::receive_fd(report)).release());
    auto said = TRY(sys::receive_message(report));
    if (said.starts_with(netview::kCannot)) return fail(Code::failed, "vserver-netview {}", said);
    if (!said.empty()) return std::unexpected<Error>(base::unpack(said));
    if (!network.away.is_open()) return fail(Code::failed, "the process that was to show it ended without saying why");
    return network;
}

}  // namespace

Result<Likeness> start_network_view(const RunDir& run, ViewOrder order) {
    auto pair = TRY(sys::make_socket_pair());
    const auto inside = TRY(number_of_network(order.inside));
    Makings makings{TRY(sys::listen_local(socket_path(run))), {}, inside};
    if (!order.network.shown.is_open()) makings.devices = TRY(see_host(order.plan.addresses));
    auto child = TRY(sys::clone_process({.flags = 0, .cgroup = &order.groups.group}));
    if (child.pid == 0) {
        pair.ours.reset();
        sys::start_session();
        auto report = sys::duplicate_high(pair.theirs);  // out of the way of the view's descriptors
        if (report) (void)sys::send_message(*report, base::pack(become_view(makings, *report, order).error()));
        sys::raw::exit_now(125);
    }
    pair.theirs.reset();
    return receive_network(pair.ours);
}

Result<> restore_network_view(const CgroupHost& host, const model::ServerName& name, const RunDir& run, const RunState& state) {
    if (!state.network.has_own_view()) return {};
    auto answers = connect_to_view(run);
    if (answers) return {};
    if (answers.error().code != Code::not_running) return std::unexpected<Error>(answers.error());
    auto kept = TRY(view_of_keeper(state)).value_or(ViewHandles{});
    const auto groups = TRY(view_cgroups(host, name.text()));
    TRY(start_network_view(run, {name.text(), state.network, groups, std::to_string(state.init), std::move(kept.network)}));
    if (!kept.listener.is_open()) return {};
    return sys::send_fd(TRY(connect_to_view(run)), kept.listener);
}

Result<sys::Fd> connect_to_view(const RunDir& run) {
    int connection = sys::raw::connect_local(socket_path(run).c_str());
    if (connection >= 0) return sys::duplicate_high(sys::SocketFd(connection));
    auto error = sys::error_from(-connection, "reach what shows it its network");
    if (connection == -ECONNREFUSED || connection == -ENOENT) error.code = Code::not_running;
    return std::unexpected<Error>(std::move(error));
}

int confine_calls_raw(std::span<const sock_filter> filter, int view) noexcept {
    if (view < 0) return sys::load_filter_raw(filter.data(), filter.size());
    const int listener = sys::load_notifying_filter_raw(filter.data(), filter.size());
    if (listener < 0) return listener;
    const int sent = sys::raw::send_fds(view, &listener, 1);
    return sent < 0 ? sent : listener;
}

}  // namespace vs::server
