#include "server/keeper.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <iterator>

#include "base/text.hpp"
#include "log/machine.hpp"
#include "model/paths.hpp"
#include "server/keeper_protocol.hpp"
#include "server/cgroups.hpp"
#include "server/our_programs.hpp"
#include "sys/clone.hpp"
#include "sys/file.hpp"
#include "sys/raw.hpp"

namespace vs::server {

namespace {

// The recorder's own uid: below every server's range, in nobody's /etc/passwd.
constexpr std::uint32_t kRecorderUid = 0x6fff0001;
constexpr std::uint64_t kSegmentBytes = 8 << 20;

/// The recorder whose pid the last keeper left, if it still holds its lock.
Result<sys::PidFd> find_recorder(const RunDir& run) {
    if (!TRY(sys::is_locked(run.dir(), "recorder.lock"))) return sys::PidFd();
    auto text = TRY(sys::read_file(run.dir(), "recorder"));
    auto pid = base::parse_number(base::trim(text));
    if (!pid) return fail(Code::failed, "the pid file of the recorder is malformed");
    return sys::open_pidfd(static_cast<pid_t>(*pid));
}

/// What keeper and recorder both had, from the one that is left; false where none is.
Result<bool> take_from_recorder(KeeperHandles& handles, const RunDir& run) {
    auto recorder = TRY(find_recorder(run));
    if (!recorder.is_open()) return false;
    auto take = [&](keeper::Descriptor number) { return sys::take_descriptor(recorder, number); };
    auto take_socket = [&](keeper::Descriptor number) -> Result<sys::SocketFd> { return sys::SocketFd(TRY(take(number)).release()); };
    handles.console = TRY(take(keeper::kConsole));
    handles.console_slave = TRY(take(keeper::kConsoleSlave));
    handles.recorder_lock = TRY(take(keeper::kRecorderLock));
    handles.sockets.log = TRY(take_socket(keeper::kLogSocket));
    handles.sockets.journal = TRY(take_socket(keeper::kJournalSocket));
    handles.sockets.stream = TRY(take_socket(keeper::kStreamSocket));
    handles.sockets.note = TRY(take_socket(keeper::kNoteSocket));
    handles.sockets.kept_in = TRY(take_socket(keeper::kKeptIn));
    handles.sockets.kept_out = TRY(take_socket(keeper::kKeptOut));
    handles.recorder = std::move(recorder);
    return true;
}

/// A process that is just ending has no descriptors to give: EBADF, from Linux 6.9 on ESRCH (kernel/pid.c, pidfd_getfd).
bool has_just_ended(const Error& error) { return sys::is_gone(error) || error.errno_value == EBADF; }

/// Where the recorder is gone too: sockets anew, under the names that the server knows. Its console's master is closed; a pair of
/// sockets stands in for it, on which nothing will ever come.
Result<> begin_anew(KeeperHandles& handles, const RunDir& run) {
    auto silent = TRY(sys::make_socket_pair());
    handles.console = sys::Fd(silent.ours.release());
    handles.console_slave = sys::Fd(silent.theirs.release());
    handles.recorder_lock.reset();  // of one that has just ended: we would wait for ourselves
    handles.recorder_lock = TRY(sys::lock_file(run.dir(), "recorder.lock", sys::LockWait::wait));
    handles.sockets = TRY(make_log_sockets(run.dir()));
    return {};
}

/// What an orphaned server's new keeper can still get hold of.
Result<KeeperHandles> gather(const model::ServerName& name, const RunDir& run, const RunState& state, sys::Fd keeper_lock) {
    KeeperHandles handles;
    handles.init = TRY(sys::open_pidfd(state.init));
    handles.keeper_lock = std::move(keeper_lock);
    auto taken = take_from_recorder(handles, run);
    if (!taken && !has_just_ended(taken.error())) return std::unexpected<Error>(taken.error());
    if (!taken || !*taken) TRY(begin_anew(handles, run));
    handles.log_dir = TRY(open_log_dir(name));
    handles.run_dir = TRY(sys::open_dir(run.dir(), "."));
    auto root = sys::open_at(sys::kHere, fmt::format("/proc/{}/root", state.init), O_PATH);
    if (root) handles.root = sys::MountFd(root->release());
    return handles;
}

}  // namespace

namespace {

/// Not open where it is to be made, or is not the recorder's.
Result<sys::DirFd> find_log_dir(const model::ServerName& name) {
    auto found = sys::open_dir(sys::kHere, fmt::format("{}/{}", model::paths::kLogs, name.text()));
    if (!found && found.error().errno_value == ENOENT) return sys::DirFd();
    auto directory = TRY(std::move(found));
    const auto status = TRY(sys::stat_fd(directory));
    const bool ready = status.st_uid == kRecorderUid && status.st_gid == kRecorderUid && TRY(sys::exists(directory, log::kSealFile));
    return ready ? std::move(directory) : sys::DirFd();
}

}  // namespace

Result<sys::DirFd> open_log_dir(const model::ServerName& name) {
    if (auto found = TRY(find_log_dir(name)); found.is_open()) return found;
    TRY(sys::make_dir(sys::kHere, model::paths::kLogs, 0700, sys::IfExists::keep));
    auto logs = TRY(sys::open_dir(sys::kHere, model::paths::kLogs));
    TRY(sys::make_dir(logs, name.text(), 0700, sys::IfExists::keep));
    TRY(sys::change_owner(logs, name.text(), kRecorderUid, kRecorderUid));
    auto directory = TRY(sys::open_dir(logs, name.text()));
    if (TRY(sys::exists(directory, log::kSealFile))) return directory;
    auto machine = TRY_WITH(log::Machine::open(model::paths::kLogs), "open the machine's log keys");
    TRY_WITH(machine.begin_log(name, directory, kRecorderUid), "begin the log of '{}'", name.text());
    return directory;
}

namespace {

/// What a recorder has, in the order of keeper_protocol.hpp.
std::vector<sys::FdRef> shared_with_recorder(const KeeperHandles& handles) {
    const auto& sockets = handles.sockets;
    return {handles.console, handles.log_dir, handles.recorder_lock, handles.console_slave, handles.init, sockets.log,
            sockets.journal, sockets.stream, sockets.note, sockets.kept_in, sockets.kept_out};
}

/// After its name.
std::vector<std::string> recorder_arguments(const model::LogSettings& log) {
    return {std::to_string(kRecorderUid), std::to_string(kSegmentBytes), std::to_string(log.keep / kSegmentBytes), std::to_string(log.records),
            std::to_string(log.bytes)};
}

}  // namespace

Error exec_recorder(const KeeperHandles& handles, const std::string& name) {
    std::vector<std::string> words{libexec_program("vserver-recorder"), name};
    std::ranges::copy(recorder_arguments({}), std::back_inserter(words));
    auto placed = sys::place_descriptors(shared_with_recorder(handles), keeper::kConsole);
    if (!placed) return placed.error();
    auto closed = sys::close_on_exec_from(keeper::kFirstOwn);
    if (!closed) return closed.error();
    return sys::exec_program(words, program_environment());
}

Error exec_keeper(KeeperHandles handles, const KeeperArguments& arguments) {
    auto path = libexec_program("vserver-keeper");
    auto vserver = vserver_program();
    if (!vserver) return vserver.error();
    auto descriptors = shared_with_recorder(handles);
    for (sys::FdRef own : {sys::FdRef(handles.keeper_lock), sys::FdRef(handles.root), sys::FdRef(handles.run_dir), sys::FdRef(handles.recorder),
                           sys::FdRef(handles.report), sys::FdRef(handles.view.listener), sys::FdRef(handles.view.network.shown), sys::FdRef(handles.view.network.away)})
        descriptors.push_back(own);
    handles.left_behind.resize(keeper::kLast + 1 - keeper::kLeftBehind);
    for (const auto& copy : handles.left_behind) descriptors.push_back(copy);
    auto placed = sys::place_descriptors(descriptors, keeper::kConsole);
    if (!placed) return placed.error();
    auto silent = sys::silence_standard();
    if (!silent) return silent.error();
    auto closed = sys::close_on_exec_from(keeper::kLast + 1);
    if (!closed) return closed.error();
    const char* origin = arguments.origin == KeeperOrigin::parent ? "parent" : "adopted";
    std::vector<std::string> words{path, arguments.name, std::to_string(arguments.generation), origin, *vserver, libexec_program("vserver-recorder")};
    std::ranges::copy(recorder_arguments(arguments.log), std::back_inserter(words));
    return sys::exec_program(words, program_environment());
}

Result<std::optional<ViewHandles>> view_of_keeper(const RunState& state) {
    const auto parent = TRY(sys::parent_of(state.init));
    auto keeper = TRY(sys::open_pidfd(parent));
    if (TRY(sys::program_of(parent)) != libexec_program("vserver-keeper") || TRY(sys::parent_of(state.init)) != parent) return std::nullopt;
    ViewHandles view;
    view.listener = TRY(sys::take_descriptor(keeper, keeper::kView));
    view.network.shown = sys::NamespaceFd(TRY(sys::take_descriptor(keeper, keeper::kView + 1)).release());
    view.network.away = sys::NamespaceFd(TRY(sys::take_descriptor(keeper, keeper::kView + 2)).release());
    return view;
}

Result<> adopt_if_orphaned(const model::ServerName& name, const RunDir& run, const RunState& state) {
    auto lock = sys::lock_file(run.dir(), "keeper.lock", sys::LockWait::fail_if_held);
    if (!lock && lock.error().code == Code::busy) return {};
    if (!lock) return std::unexpected<Error>(lock.error());
    auto handles = TRY_WITH(gather(name, run, state, std::move(*lock)), "adopt '{}', whose keeper is gone", name.text());
    auto host = TRY(CgroupHost::open());
    auto keepers = TRY(host.keepers());
    auto child = TRY(sys::clone_process({.flags = 0, .cgroup = &keepers}));
    if (child.pid != 0) return {};
    sys::start_session();
    (void)exec_keeper(std::move(handles), {name.text(), state.generation, KeeperOrigin::adopted, state.log});
    sys::raw::exit_now(125);
}

}  // namespace vs::server
