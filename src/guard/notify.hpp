#pragma once
// Alerts of `guard watch`: to the server's sealed log, to the system log, to a command, and into /run/vservers/.guard/alerts for `guard status`.

#include <deque>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "sys/fd.hpp"

namespace vs::guard {

struct Alert {
    std::string when;      ///< RFC 3339
    std::string server;    ///< empty: it is about the watch itself
    std::string kind;      ///< "file", "port", "program", "overflow", "unknown"
    std::string sentence;  ///< what: may hold what a guest has chosen, control bytes escaped
    std::string who;       ///< of a file: the processes that changed it last, as far as they were there to be seen
};

class Notifier {
  public:
    /// Holds the lock of the watch: there is one at a time. `command` is run with server, kind and sentence as its arguments; empty: none.
    static Result<Notifier> open(std::string command);
    /// Whatever keeps a receiver from getting it is told the system log.
    void send(Alert alert);
    /// Into the sealed log of a server alone.
    void record(const std::string& server, const std::string& kind, const std::string& sentence);

  private:
    Notifier(sys::DirFd dir, sys::Fd lock, std::string command) : dir_(std::move(dir)), lock_(std::move(lock)), command_(std::move(command)) {}
    sys::DirFd dir_;
    sys::Fd lock_;
    std::string command_;
    std::deque<Alert> recent_;
};

struct WatchStatus {
    bool runs = false;
    std::vector<Alert> alerts;  ///< the latest, of the watch that runs or ran last in this boot
};
Result<WatchStatus> watch_status();

}  // namespace vs::guard
