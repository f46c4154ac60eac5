#include "server/log_sockets.hpp"

#include <cerrno>

#include "server/log_note.hpp"
#include "sys/file.hpp"
#include "sys/unix_socket.hpp"

namespace vs::server {

namespace {

constexpr const char* kLog = "log";
constexpr const char* kJournal = "journal";
constexpr const char* kStream = "stream";
constexpr unsigned kForAll = 0666;
constexpr unsigned kForRoot = 0600;

Result<> unless_absent(Result<> done) {
    if (!done && done.error().errno_value == ENOENT) return {};
    return done;
}

}  // namespace

Result<LogSockets> make_log_sockets(sys::FdRef run) {
    TRY(sys::make_dir(run, kLogSocketDir, 0755, sys::IfExists::keep));
    auto directory = TRY(sys::open_dir(run, kLogSocketDir));
    TRY(sys::change_mode(directory, 0755));
    LogSockets sockets;
    sockets.log = TRY(sys::bind_datagram(directory, kLog, kForAll));
    sockets.journal = TRY(sys::bind_datagram(directory, kJournal, kForAll));
    sockets.stream = TRY(sys::listen_stream(directory, kStream, kForAll));
    sockets.note = TRY(sys::bind_datagram(run, kNoteSocket, kForRoot));
    for (const auto* socket : {&sockets.log, &sockets.journal, &sockets.stream, &sockets.note}) TRY(sys::refuse_descriptors(*socket));
    auto kept = TRY(sys::make_socket_pair());
    sockets.kept_in = std::move(kept.ours);
    sockets.kept_out = std::move(kept.theirs);
    return sockets;
}

Result<> remove_log_sockets(sys::FdRef run) {
    TRY(unless_absent(sys::remove_file(run, kNoteSocket)));
    auto directory = sys::open_dir(run, kLogSocketDir);
    if (!directory && directory.error().errno_value == ENOENT) return {};
    if (!directory) return std::unexpected<Error>(directory.error());
    for (const char* name : {kLog, kJournal, kStream}) TRY(unless_absent(sys::remove_file(*directory, name)));
    return unless_absent(sys::remove_dir(run, kLogSocketDir));
}

}  // namespace vs::server
