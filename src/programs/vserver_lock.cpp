// vserver-lock: locks whoever asks to addresses that he may use (context/lock_service.hpp). systemd starts one for each caller, with the
// connection as standard input (vserver-lock.socket); without systemd, `vserver-lock --listen` waits for callers itself.
// `vserver-lock --group IP...` locks the control group that it is in: see `vserver host-service`.

#include <cstdio>
#include <string>
#include <vector>

#include "context/group_lock.hpp"
#include "context/lock_service.hpp"
#include "model/paths.hpp"
#include "sys/clone.hpp"
#include "sys/local_socket.hpp"
#include "sys/raw.hpp"

namespace {

using namespace vs;

constexpr std::size_t kMostCallers = 32;  // at a time; the others wait

/// Each caller has a process of its own, which holds him until it ends.
class Listener {
  public:
    explicit Listener(sys::SocketFd socket) : socket_(std::move(socket)) {}

    Result<> run() {
        for (;;) {
            if (TRY(wait()) != kSocket) continue;
            auto connection = TRY(sys::accept_local(socket_));
            auto child = TRY(sys::clone_process({}));
            if (child.pid == 0) sys::raw::exit_now(context::serve_lock(connection) ? 0 : 1);
            children_.push_back(std::move(child.pidfd));
        }
    }

  private:
    static constexpr std::size_t kSocket = ~std::size_t{0};

    /// For a caller, where one more may be served, or for the end of a child, which is reaped.
    Result<std::size_t> wait() {
        std::vector<sys::FdRef> events(children_.begin(), children_.end());
        if (children_.size() < kMostCallers) events.push_back(socket_);
        const auto ready = TRY(sys::wait_readable(events, std::nullopt)).value_or(0);
        if (ready == children_.size()) return kSocket;
        TRY(sys::reap(children_[ready]));
        children_.erase(children_.begin() + static_cast<std::ptrdiff_t>(ready));
        return ready;
    }

    sys::SocketFd socket_;
    std::vector<sys::PidFd> children_;
};

Result<> listen() {
    auto socket = TRY(sys::listen_local(model::paths::kLockSocket));
    std::puts("ready");
    std::fflush(stdout);
    return Listener(std::move(socket)).run();
}

Result<> perform(const std::vector<std::string>& words) {
    if (words.empty()) return context::serve_lock(sys::FdRef(0));
    if (words[0] == "--group") return context::lock_own_group({{words.begin() + 1, words.end()}, ""});
    if (words[0] == "--listen" && words.size() == 1) return listen();
    return fail(Code::usage, "it takes --listen, or --group and addresses, or nothing");
}

}  // namespace

int main(int argc, char** argv) {
    auto done = perform({argv + 1, argv + argc});
    if (done) return 0;
    std::fprintf(stderr, "vserver-lock: %s\n", done.error().message().c_str());
    return base::exit_status(done.error().code);
}
