#include "guard/event_reader.hpp"

#include <csignal>

#include "server/our_programs.hpp"
#include "sys/process.hpp"
#include "sys/raw.hpp"

namespace vs::guard {

namespace {

/// In the child. Returns only on failure.
Error become_reader(const sys::FileWatch& files, const sys::SocketPair& sockets, const std::string& servers) {
    sys::start_session();  // Ctrl-C is the watch's to handle
    (void)sys::raw::reset_signals();
    auto placed = sys::place_descriptors({files.fd(), files.mount(), sockets.theirs}, kEventGroup);
    if (!placed) return placed.error();
    auto closed = sys::close_on_exec_from(kEventSocket + 1);
    if (!closed) return closed.error();
    return sys::exec_program({server::libexec_program("vserver-onlooker"), "events", servers}, server::program_environment());
}

}  // namespace

Result<EventReader> EventReader::start(const sys::FileWatch& files, const std::string& servers) {
    auto sockets = TRY(sys::make_socket_pair());
    auto child = TRY(sys::clone_process({}));
    if (child.pid == 0) {
        (void)sys::send_message(sockets.theirs, print_failure(become_reader(files, sockets, servers)));
        sys::raw::exit_now(125);
    }
    return EventReader(std::move(sockets.ours), std::move(child.pidfd));
}

EventReader::~EventReader() {
    if (!process_.is_open()) return;
    socket_.reset();
    (void)sys::send_signal(process_, SIGKILL);
    (void)sys::reap(process_);
}

Result<Changed> EventReader::hear() const {
    auto message = TRY(sys::receive_message(socket_));
    if (!message.empty()) return parse_changed(message);
    (void)sys::wait_for_exit(process_, sys::Milliseconds(1'000));
    return fail(Code::busy, "the reader of file events has ended");
}

}  // namespace vs::guard
