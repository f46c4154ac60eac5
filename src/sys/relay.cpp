#include "sys/relay.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <deque>

#include "sys/call.hpp"
#include "sys/terminal.hpp"

namespace vs::sys {

namespace {

constexpr int kForwarded[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH};

/// One direction with what it has read and not yet written.
class Flow {
  public:
    explicit Flow(Channel channel) : channel_(channel), flags_(::fcntl(channel.to.get(), F_GETFL)) {
        // What a terminal or pipe cannot take now must not keep the other direction waiting.
        (void)::fcntl(channel.to.get(), F_SETFL, flags_ | O_NONBLOCK);
    }
    /// The open file may be our caller's too, who does not expect that it does not block.
    ~Flow() { (void)::fcntl(channel_.to.get(), F_SETFL, flags_); }
    Flow(const Flow&) = delete;
    Flow& operator=(const Flow&) = delete;

    [[nodiscard]] bool open() const { return open_; }
    [[nodiscard]] const Channel& channel() const { return channel_; }
    [[nodiscard]] pollfd wanted() const {
        if (!open_) return {-1, 0, 0};
        return pending_ > 0 ? pollfd{channel_.to.get(), POLLOUT, 0} : pollfd{channel_.from.get(), POLLIN, 0};
    }

    void move() {
        if (pending_ == 0) fill();
        if (pending_ > 0) drain();
    }
    /// Everything that is there now.
    void finish() {
        for (pollfd poll = wanted(); open_ && ::poll(&poll, 1, 0) > 0; poll = wanted()) move();
    }

  private:
    void fill() {
        ssize_t count = ::read(channel_.from.get(), buffer_, sizeof buffer_);
        if (count < 0 && (errno == EINTR || errno == EAGAIN)) return;
        if (count <= 0) open_ = false;  // a terminal whose other side is closed answers EIO
        else pending_ = static_cast<std::size_t>(count), offset_ = 0;
    }

    void drain() {
        ssize_t count = ::write(channel_.to.get(), buffer_ + offset_, pending_);
        if (count < 0 && (errno == EINTR || errno == EAGAIN)) return;
        if (count < 0) {
            open_ = false;
            return;
        }
        offset_ += static_cast<std::size_t>(count);
        pending_ -= static_cast<std::size_t>(count);
    }

    Channel channel_;
    int flags_;
    bool open_ = true;
    std::size_t pending_ = 0, offset_ = 0;
    char buffer_[8192];
};

void follow_window_size(FdRef terminal) {
    if (terminal.get() < 0) return;
    if (auto size = window_size(FdRef(0))) (void)set_window_size(terminal, *size);  // a size is not worth failing for
}

void forward(int signal, const RelayRequest& request) {
    if (signal == SIGWINCH) follow_window_size(request.terminal);
    else (void)send_signal(request.process, signal);  // it may just have ended
}

/// A pipe's reader must learn that our input has ended.
void close_ended_inputs(const RelayRequest& request, const std::deque<Flow>& flows) {
    if (request.close_after_input == nullptr) return;
    for (const auto& flow : flows)
        for (auto& pipe : *request.close_after_input)
            if (!flow.open() && pipe.is_open() && pipe.get() == flow.channel().to.get()) pipe.reset();
}

}  // namespace

Result<SignalForwarding> SignalForwarding::begin() {
    sigset_t wanted, before;
    ::sigemptyset(&wanted);
    for (int signal : kForwarded) ::sigaddset(&wanted, signal);
    if (::sigprocmask(SIG_BLOCK, &wanted, &before) < 0) return failed("block signals");
    int fd = ::signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0) return failed("signalfd");
    return SignalForwarding(Fd(fd), std::string(reinterpret_cast<const char*>(&before), sizeof before));
}

SignalForwarding::SignalForwarding(SignalForwarding&& other) noexcept : fd_(std::move(other.fd_)), before_(std::exchange(other.before_, "")) {}

SignalForwarding::~SignalForwarding() {
    if (before_.empty()) return;
    sigset_t before;
    std::memcpy(&before, before_.data(), sizeof before);
    (void)::sigprocmask(SIG_SETMASK, &before, nullptr);
}

Result<std::optional<int>> SignalForwarding::take() const {
    signalfd_siginfo info{};
    ssize_t count = ::read(fd_.get(), &info, sizeof info);
    if (count < 0 && errno != EAGAIN && errno != EINTR) return failed("read signalfd");
    if (count != sizeof info) return std::nullopt;
    return static_cast<int>(info.ssi_signo);
}

Result<ExitStatus> accompany(FdRef process, const SignalForwarding& signals) {
    while (TRY(wait_readable({process, signals.fd()}, std::nullopt)) == 1U) {
        signalfd_siginfo info{};
        if (::read(signals.fd().get(), &info, sizeof info) != sizeof info || info.ssi_code == SI_KERNEL) continue;
        (void)send_signal(process, static_cast<int>(info.ssi_signo));  // it may just have ended
    }
    return reap(process);
}

Result<> relay(const RelayRequest& request, const SignalForwarding& signals) {
    std::deque<Flow> flows;  // they do not move
    for (const auto& channel : request.channels) flows.emplace_back(channel);
    follow_window_size(request.terminal);
    for (;;) {
        std::vector<pollfd> polls = {{request.process.get(), POLLIN, 0}, {signals.fd().get(), POLLIN, 0}};
        for (const auto& flow : flows) polls.push_back(flow.wanted());
        if (::poll(polls.data(), polls.size(), -1) < 0) {
            if (errno == EINTR) continue;
            return failed("poll");
        }
        if (polls[1].revents != 0)
            if (auto signal = TRY(signals.take())) forward(*signal, request);
        for (std::size_t i = 0; i < flows.size(); ++i)
            if (polls[i + 2].revents != 0) flows[i].move();
        close_ended_inputs(request, flows);
        if (polls[0].revents != 0) break;
    }
    for (auto& flow : flows)
        if (flow.channel().from.get() != 0) flow.finish();  // its output, not our input
    return {};
}

}  // namespace vs::sys
