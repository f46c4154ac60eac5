// vserver-recorder: keeps what a server writes on its console, sealed.
//
//     vserver-recorder NAME UID BYTES      descriptors as in server/keeper_protocol.hpp, up to the init's pidfd
//
// Started by the keeper as root, it becomes UID and confines itself (confine.hpp), then copies bytes from the console's
// master to the log (sealed_store.hpp), in segments of at most BYTES, until the server's init has ended and everything it
// left is read. It can be killed and started again at any time: the keeper has the same descriptors, and what is not read
// yet stays in the terminal. (What it has read and not yet written, at most one read, is then gone.)
//
// A checkpoint follows a record within a second, and every few minutes of silence one says that it was silence.
//
// It is freestanding and static, and takes nothing from the heap: there is one for every server. It holds the other end
// of the terminal open too, so that a server that closes its console and opens it again is no hangup.

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string_view>

#include "programs/recorder/confine.hpp"
#include "programs/recorder/sealed_store.hpp"
#include "server/keeper_protocol.hpp"

namespace vs::recorder {

namespace {

constexpr std::size_t kMostRead = 16384;  // a terminal holds 64 KiB at most and hands over less at a time
constexpr std::uint64_t kLeastBytes = 65536;
constexpr std::uint64_t kSegmentsKept = 3;
constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kSealAfter = kSecond;           // nothing stays unsealed longer
constexpr std::int64_t kHeartbeat = 300 * kSecond;
constexpr std::int64_t kHangupPause = kSecond;

volatile sig_atomic_t asked_to_end = 0;

struct Arguments {
    uid_t uid = 0;
    std::uint64_t bytes = 0;
};

template <typename Number>
bool parse(std::string_view text, Number& number) {
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} && end == text.data() + text.size();
}

/// Root is refused: it would be no confinement.
std::optional<Arguments> parse_arguments(int argc, char** argv) {
    Arguments arguments;
    if (argc != 4 || !parse(argv[2], arguments.uid) || !parse(argv[3], arguments.bytes)) return std::nullopt;
    if (arguments.uid == 0 || arguments.uid == static_cast<uid_t>(-1) || arguments.bytes < kLeastBytes) return std::nullopt;
    return arguments;
}

/// SIGTERM is delivered in ppoll(2) only, when nothing is half done.
void take_signals() {
    struct sigaction action {};
    action.sa_handler = [](int) { asked_to_end = 1; };
    ::sigaction(SIGTERM, &action, nullptr);
    sigset_t all;
    ::sigfillset(&all);
    ::sigprocmask(SIG_SETMASK, &all, nullptr);
}

std::int64_t now() {
    timespec time{};
    ::clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * kSecond + time.tv_nsec;
}

/// Of this boot of the machine; zeros where it cannot be known.
log::BootId read_boot_id() {
    log::BootId id{};
    std::array<char, 36> text{};
    int fd = ::open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t count = fd < 0 ? -1 : ::read(fd, text.data(), text.size());
    if (fd >= 0) ::close(fd);
    if (count != static_cast<ssize_t>(text.size())) return id;
    auto* hyphens = std::remove(text.begin(), text.end(), '-');
    for (std::size_t i = 0; text.begin() + 2 * i + 2 <= hyphens && i < id.size(); ++i)
        std::from_chars(text.begin() + 2 * i, text.begin() + 2 * i + 2, id[i], 16);
    return id;
}

/// Not on the stack, where it would be filled with zeros first: what no read has reached takes no memory.
std::array<char, kMostRead> buffer;

/// Copies the console. A master whose other end was hung up reads EIO until somebody opens it again, and poll would
/// return at once for ever: then it is left out until a second has passed.
class Copier {
  public:
    explicit Copier(SealedStore& store) : store_(store) {}

    void run_until_init_ends() {
        while (asked_to_end == 0) {
            int console = hung_up_ ? -1 : int{keeper::kConsole};
            std::array fds{pollfd{console, POLLIN, 0}, pollfd{keeper::kInit, POLLIN, 0}};
            wait(fds);
            hung_up_ = fds[0].revents != 0 && !copy();
            keep_time();
            if (fds[0].revents == 0 && fds[1].revents != 0) return;
        }
    }
    /// What the terminal still holds: poll(2) itself brings it to the reader's side (drivers/tty/n_tty.c, n_tty_poll).
    void drain() {
        constexpr timespec kNow{};
        pollfd fd{keeper::kConsole, POLLIN, 0};
        while (::ppoll(&fd, 1, &kNow, nullptr) > 0 && (fd.revents & POLLIN) != 0 && copy()) {}
    }

  private:
    void wait(std::array<pollfd, 2>& fds) {
        sigset_t all_but_term;
        ::sigfillset(&all_but_term);
        ::sigdelset(&all_but_term, SIGTERM);
        const std::int64_t left = std::max<std::int64_t>((hung_up_ ? std::min(due_, now() + kHangupPause) : due_) - now(), 0);
        const timespec limit{.tv_sec = left / kSecond, .tv_nsec = left % kSecond};
        ::ppoll(fds.data(), fds.size(), &limit, &all_but_term);
    }
    bool copy() {
        ssize_t count = ::read(keeper::kConsole, buffer.data(), buffer.size());
        if (count <= 0) return false;
        store_.append({.source = log::Source::console}, {buffer.data(), static_cast<std::size_t>(count)});
        return true;
    }
    /// Seals what is due; after the first record of a while, something is due in a second.
    void keep_time() {
        const auto time = now();
        if (time >= due_) {
            if (store_.is_settled()) store_.heartbeat();
            else store_.settle();
            due_ = time + (store_.is_settled() ? kHeartbeat : kSealAfter);
        } else if (!store_.is_settled()) {
            due_ = std::min(due_, time + kSealAfter);
        }
    }

    SealedStore& store_;
    std::int64_t due_ = 0;
    bool hung_up_ = false;
};

int fail(const char* name, const char* step) {
    std::array<char, 160> text;
    const char* reason = ::strerror(errno);
    int length = std::snprintf(text.data(), text.size(), "vserver-recorder: %.63s: cannot %s: %s\n", name, step, reason);
    (void)!::write(STDERR_FILENO, text.data(), static_cast<std::size_t>(length));
    return 1;
}

}  // namespace

}  // namespace vs::recorder

int main(int argc, char** argv) {
    using namespace vs;
    auto arguments = recorder::parse_arguments(argc, argv);
    if (!arguments) {
        constexpr std::string_view kUsage = "vserver-recorder: is started by a server's keeper: NAME UID BYTES\n";
        (void)!::write(STDERR_FILENO, kUsage.data(), kUsage.size());
        return 2;
    }
    recorder::take_signals();
    const auto boot = recorder::read_boot_id();
    recorder::SealedStore store(keeper::kLogDir, {arguments->bytes, recorder::kSegmentsKept}, boot);
    ::mlock(&store, sizeof store);  // its keys stay out of swap; where that is refused, out of core dumps still
    if (const char* step = recorder::confine(arguments->uid)) return recorder::fail(argv[1], step);
    store.open();  // where it cannot, all is counted as lost: a server never waits for its log
    store.mark(log::Kind::begin);
    recorder::Copier copier(store);
    copier.run_until_init_ends();
    copier.drain();
    store.mark(log::Kind::end);
    store.settle();
    // Not exit(3), nor anything that a sanitizer would prepare for: the filter leaves this call and no other.
    ::syscall(SYS_exit_group, store.is_settled() ? 0 : 1);
    return 1;
}
