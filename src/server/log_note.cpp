#include "server/log_note.hpp"

#include <cerrno>
#include <chrono>
#include <thread>

#include "server/keeper.hpp"
#include "server/keeper_protocol.hpp"
#include "server/run_state.hpp"
#include "sys/clone.hpp"
#include "sys/file.hpp"
#include "sys/process.hpp"
#include "sys/raw.hpp"
#include "sys/unix_socket.hpp"

namespace vs::server {

namespace {

bool nobody_listens(const Error& error) { return error.errno_value == ENOENT || error.errno_value == ECONNREFUSED; }

/// A process that has ended: a recorder stays for as long as there is an init, or something to read.
Result<sys::PidFd> ended_process() {
    auto child = TRY(sys::clone_process({}));
    if (child.pid == 0) sys::raw::exit_now(0);
    TRY(sys::wait_for_exit(child.pidfd, std::nullopt));
    return std::move(child.pidfd);
}

/// A recorder that finds this message and no server. Code::busy where there is one, whose sockets are not there yet or no longer.
Result<> record_now(const model::ServerName& name, const RunDir& run, std::string_view text) {
    KeeperHandles handles;
    handles.recorder_lock = TRY(sys::lock_file(run.dir(), "recorder.lock", sys::LockWait::fail_if_held));
    handles.log_dir = TRY(open_log_dir(name));
    handles.init = TRY(ended_process());
    auto silent = TRY(sys::make_socket_pair());
    handles.console = sys::Fd(silent.ours.release());
    handles.console_slave = sys::Fd(silent.theirs.release());
    handles.sockets = TRY(make_log_sockets(run.dir()));
    TRY(sys::send_datagram(run.dir(), kNoteSocket, text));
    TRY(remove_log_sockets(run.dir()));
    auto recorder = TRY(sys::clone_process({}));
    if (recorder.pid == 0) {
        (void)exec_recorder(handles, name.text());
        sys::raw::exit_now(125);
    }
    auto status = TRY(sys::reap(recorder.pidfd));
    (void)sys::reap(handles.init);
    if (status.kind == sys::ExitStatus::Kind::exited && status.value == 0) return {};
    return fail(Code::failed, "the recorder could not write it: is the disk full?");
}

}  // namespace

Result<> note_in_log(const model::ServerName& name, std::string_view text) {
    constexpr int kTries = 200;
    constexpr std::chrono::milliseconds kBetween{10};
    auto run = TRY(RunDir::open(name));
    for (int i = 1;; ++i) {
        auto sent = sys::send_datagram(run.dir(), kNoteSocket, text);
        if (!sent && nobody_listens(sent.error())) sent = record_now(name, run, text);
        const bool is_between = !sent && sent.error().code == Code::busy;
        if (!is_between || i == kTries) {
            TRY_WITH(std::move(sent), "write into the log of '{}'", name.text());
            return {};
        }
        std::this_thread::sleep_for(kBetween);
    }
}

}  // namespace vs::server
