#include "sys/relay.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "sys/call.hpp"
#include "sys/terminal.hpp"

namespace vs::sys {

namespace {

constexpr int kForwarded[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH};

/// What a process that has ended may have left in the kernel's buffers: a pipe holds at most 1 MiB, a terminal less.
constexpr std::size_t kMostLeft = 1 << 20;

/// What a terminal or pipe cannot take now must not keep the other direction waiting. Others of the host have the same terminal
/// open, and get it back as it was.
class NonBlocking {
  public:
    explicit NonBlocking(FdRef fd) : fd_(fd.get()), before_(::fcntl(fd.get(), F_GETFL)) { (void)::fcntl(fd_, F_SETFL, before_ | O_NONBLOCK); }
    ~NonBlocking() {
        if (fd_ >= 0) (void)::fcntl(fd_, F_SETFL, before_);
    }
    NonBlocking(NonBlocking&& other) noexcept : fd_(std::exchange(other.fd_, -1)), before_(other.before_) {}
    NonBlocking(const NonBlocking&) = delete;
    NonBlocking& operator=(const NonBlocking&) = delete;
    NonBlocking& operator=(NonBlocking&&) = delete;

  private:
    int fd_, before_;
};

/// One direction with what it has read and not yet written.
class Flow {
  public:
    explicit Flow(Channel channel) : channel_(channel) {}

    [[nodiscard]] bool open() const { return open_; }
    [[nodiscard]] bool has_pending() const { return open_ && pending_ > 0; }
    [[nodiscard]] const Channel& channel() const { return channel_; }
    [[nodiscard]] pollfd wanted() const {
        if (!open_) return {-1, 0, 0};
        return pending_ > 0 ? pollfd{channel_.to.get(), POLLOUT, 0} : pollfd{channel_.from.get(), POLLIN, 0};
    }

    void move() {
        if (pending_ == 0) fill();
        if (pending_ > 0) drain();
    }
    /// The process has ended: its output is still copied, but no more than it can have left, for somebody else inside may have the other
    /// end and never stop.
    void end() {
        if (channel_.from.get() == 0) open_ = false;
        left_ = kMostLeft;
    }

  private:
    void fill() {
        ssize_t count = ::read(channel_.from.get(), buffer_, std::min(left_, sizeof buffer_));
        if (count < 0 && (errno == EINTR || errno == EAGAIN)) return;
        if (count <= 0) {
            open_ = false;  // a terminal whose other side is closed answers EIO
            return;
        }
        pending_ = static_cast<std::size_t>(count), offset_ = 0;
        if (left_ != kUnlimited) left_ -= pending_;
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
    static constexpr std::size_t kUnlimited = ~std::size_t{0};
    bool open_ = true;
    std::size_t pending_ = 0, offset_ = 0, left_ = kUnlimited;
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
void close_ended_inputs(const RelayRequest& request, const std::vector<Flow>& flows) {
    if (request.close_after_input == nullptr) return;
    for (const auto& flow : flows)
        for (auto& pipe : *request.close_after_input)
            if (!flow.open() && pipe.is_open() && pipe.get() == flow.channel().to.get()) pipe.reset();
}

/// Copies what is left. Our own output may be slow, so this waits for it, until a signal says that nobody wants it any more.
Result<> finish(std::vector<Flow>& flows, const SignalForwarding& signals) {
    for (auto& flow : flows) flow.end();
    for (;;) {
        std::vector<pollfd> polls = {{signals.fd().get(), POLLIN, 0}};
        for (const auto& flow : flows) polls.push_back(flow.wanted());
        bool pending = std::ranges::any_of(flows, &Flow::has_pending);
        int count = ::poll(polls.data(), polls.size(), pending ? -1 : 0);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return failed("poll");
        if (count == 0) return {};
        auto signal = polls[0].revents != 0 ? TRY(signals.take()) : std::nullopt;
        if (signal && *signal != SIGWINCH) return {};
        for (std::size_t i = 0; i < flows.size(); ++i)
            if (polls[i + 1].revents != 0) flows[i].move();
    }
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

Result<> relay(const RelayRequest& request, const SignalForwarding& signals) {
    std::vector<Flow> flows;
    std::vector<NonBlocking> unblocked;
    for (const auto& channel : request.channels) {
        flows.emplace_back(channel);
        unblocked.emplace_back(channel.to);
    }
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
    return finish(flows, signals);
}

}  // namespace vs::sys
