// vserver-recorder: keeps what a server writes on its console.
//
//     vserver-recorder NAME UID BYTES      descriptors as in server/keeper_protocol.hpp, up to the init's pidfd
//
// Started by the keeper as root, it becomes UID and confines itself (confine.hpp), then copies bytes from the console's
// master to the log directory, in files of at most BYTES, until the server's init has ended and everything it left is
// read. It can be killed and started again at any time: the keeper has the same descriptors, and what is not read yet
// stays in the terminal. (What it has read and not yet written, at most one read, is then gone.)
//
// It is freestanding and static, and takes nothing from the heap: there is one for every server. It holds the other end
// of the terminal open too, so that a server that closes its console and opens it again is no hangup.

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string_view>

#include "programs/recorder/confine.hpp"
#include "programs/recorder/console_store.hpp"
#include "server/keeper_protocol.hpp"

namespace vs::recorder {

namespace {

constexpr std::size_t kMostRead = 16384;  // a terminal holds 64 KiB at most and hands over less at a time
constexpr std::uint64_t kLeastBytes = 65536;
constexpr timespec kQuiet{.tv_sec = 1, .tv_nsec = 0};  // then there is time for the disk

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

/// Copies the console. A master whose other end was hung up reads EIO until somebody opens it again, and poll would
/// return at once for ever: then it is left out until a second has passed.
class Copier {
  public:
    explicit Copier(ConsoleStore& store) : store_(store) {}

    void run_until_init_ends() {
        while (asked_to_end == 0) {
            int console = hung_up_ ? -1 : int{keeper::kConsole};
            std::array fds{pollfd{console, POLLIN, 0}, pollfd{keeper::kInit, POLLIN, 0}};
            int ready = wait(fds);
            hung_up_ = fds[0].revents != 0 && !copy();
            if (ready == 0) store_.settle();
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
    int wait(std::array<pollfd, 2>& fds) {
        sigset_t all_but_term;
        ::sigfillset(&all_but_term);
        ::sigdelset(&all_but_term, SIGTERM);
        const timespec* limit = hung_up_ || !store_.is_settled() ? &kQuiet : nullptr;
        return ::ppoll(fds.data(), fds.size(), limit, &all_but_term);
    }
    bool copy() {
        ssize_t count = ::read(keeper::kConsole, buffer_.data(), buffer_.size());
        if (count <= 0) return false;
        store_.append({buffer_.data(), static_cast<std::size_t>(count)});
        return true;
    }

    ConsoleStore& store_;
    bool hung_up_ = false;
    std::array<char, kMostRead> buffer_;
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
    if (const char* step = recorder::confine(arguments->uid)) return recorder::fail(argv[1], step);
    recorder::ConsoleStore store(keeper::kLogDir, arguments->bytes);
    recorder::Copier copier(store);
    copier.run_until_init_ends();
    copier.drain();
    store.settle();
    // Not exit(3), nor anything that a sanitizer would prepare for: the filter leaves this call and no other.
    ::syscall(SYS_exit_group, store.is_settled() ? 0 : 1);
    return 1;
}
