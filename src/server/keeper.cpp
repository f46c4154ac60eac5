#include "server/keeper.hpp"

#include <fcntl.h>

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

/// What an orphaned server's new keeper can still get hold of. Without its recorder the console is lost: its master is closed.
Result<KeeperHandles> gather(const model::ServerName& name, const RunDir& run, const RunState& state, sys::Fd keeper_lock) {
    KeeperHandles handles;
    handles.init = TRY(sys::open_pidfd(state.init));
    handles.keeper_lock = std::move(keeper_lock);
    auto recorder = find_recorder(run);
    if (recorder && recorder->is_open()) {
        handles.console = TRY(sys::take_descriptor(*recorder, keeper::kConsole));
        handles.console_slave = TRY(sys::take_descriptor(*recorder, keeper::kConsoleSlave));
        handles.recorder_lock = TRY(sys::take_descriptor(*recorder, keeper::kRecorderLock));
        handles.recorder = std::move(*recorder);
    }
    handles.log_dir = TRY(open_log_dir(name));
    handles.run_dir = TRY(sys::open_dir(run.dir(), "."));
    auto root = sys::open_at(sys::kHere, fmt::format("/proc/{}/root", state.init), O_PATH);
    if (root) handles.root = sys::MountFd(root->release());
    return handles;
}

}  // namespace

Result<sys::DirFd> open_log_dir(const model::ServerName& name) {
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

Error exec_keeper(KeeperHandles handles, const KeeperArguments& arguments) {
    auto path = libexec_program("vserver-keeper");
    auto vserver = vserver_program();
    if (!vserver) return vserver.error();
    auto placed = sys::place_descriptors({handles.console, handles.log_dir, handles.recorder_lock, handles.console_slave, handles.init,
                                          handles.keeper_lock, handles.root, handles.run_dir, handles.recorder, handles.report},
                                         keeper::kConsole);
    if (!placed) return placed.error();
    auto silent = sys::silence_standard();
    if (!silent) return silent.error();
    auto closed = sys::close_on_exec_from(keeper::kReport + 1);
    if (!closed) return closed.error();
    const char* origin = arguments.origin == KeeperOrigin::parent ? "parent" : "adopted";
    return sys::exec_program({path, arguments.name, std::to_string(arguments.generation), origin, *vserver,
                              libexec_program("vserver-recorder"), std::to_string(kRecorderUid), std::to_string(kSegmentBytes)},
                             program_environment());
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
    (void)exec_keeper(std::move(handles), {name.text(), state.generation, KeeperOrigin::adopted});
    sys::raw::exit_now(125);
}

}  // namespace vs::server
