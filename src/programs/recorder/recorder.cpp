// vserver-recorder: keeps what a server writes on its console and to its log sockets, sealed.
//
//     vserver-recorder NAME UID BYTES SEGMENTS RECORDS-A-SECOND BYTES-A-SECOND      descriptors: server/keeper_protocol.hpp
//
// Started by the keeper as root, it becomes UID and confines itself (confine.hpp), then copies what comes to the log
// (sealed_store.hpp), in SEGMENTS segments of at most BYTES, until the server's init has ended and everything it left is read. It
// can be killed and started again at any time: the keeper has the same descriptors, and what is not in the log yet stays in the sockets
// and the terminal. (Of the terminal, what it has read and not yet written is gone: at most one read.)
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
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bitset>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string_view>

#include "programs/recorder/confine.hpp"
#include "programs/recorder/connections.hpp"
#include "programs/recorder/sealed_store.hpp"
#include "server/keeper_protocol.hpp"

namespace vs::recorder {

namespace {

constexpr std::uint64_t kLeastBytes = 65536;
constexpr std::int64_t kSealAfter = kSecond;           // nothing stays unsealed longer
constexpr std::int64_t kHeartbeat = 300 * kSecond;
constexpr std::int64_t kHangupPause = kSecond;
constexpr std::int64_t kFloodPause = kSecond / 100;

volatile sig_atomic_t asked_to_end = 0;

struct Arguments {
    uid_t uid = 0;
    log::Limits limits;
    Rate rate;
};

template <typename Number>
bool parse(std::string_view text, Number& number) {
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} && end == text.data() + text.size();
}

/// Root is refused: it would be no confinement.
std::optional<Arguments> parse_arguments(int argc, char** argv) {
    Arguments arguments;
    auto& [uid, limits, rate] = arguments;
    if (argc != 7 || !parse(argv[2], uid) || !parse(argv[3], limits.segment_bytes) || !parse(argv[4], limits.keep)) return std::nullopt;
    if (!parse(argv[5], rate.records) || !parse(argv[6], rate.bytes) || rate.records == 0 || rate.bytes == 0) return std::nullopt;
    if (uid == 0 || uid == static_cast<uid_t>(-1) || limits.segment_bytes < kLeastBytes || limits.keep < log::kLeastKept) return std::nullopt;
    return arguments;
}

/// SIGTERM is delivered in ppoll(2) only, when nothing is half done; SIGALRM says nothing (Impatience).
void take_signals() {
    struct sigaction action {};
    action.sa_handler = [](int signal) { asked_to_end = signal == SIGTERM ? 1 : asked_to_end; };
    action.sa_flags = SA_RESTART;
    for (int signal : {SIGTERM, SIGALRM}) ::sigaction(signal, &action, nullptr);
    sigset_t all_but_alarm;
    ::sigfillset(&all_but_alarm);
    ::sigdelset(&all_but_alarm, SIGALRM);
    ::sigprocmask(SIG_SETMASK, &all_but_alarm, nullptr);
}

/// Where the kernel takes descriptors that are sent along with a message, closing them is ours, and a socket whose sender has set SO_LINGER
/// would hold us up for as long as he likes. A signal ends that wait (net/core/stream.c, sk_stream_wait_close), so one comes every few
/// milliseconds while we take. From Linux 6.16 on the sockets take none (SO_PASSRIGHTS), and there is no such clock.
class Impatience {
  public:
    enum class Needed : bool { no, yes };
    explicit Impatience(Needed needed) : needed_(needed) { set(kPatience); }
    ~Impatience() { set({}); }
    Impatience(const Impatience&) = delete;
    Impatience& operator=(const Impatience&) = delete;

    static Needed needed() {
        constexpr int kPassRights = 83;  // SO_PASSRIGHTS
        int passes = 1;
        socklen_t size = sizeof passes;
        const bool refuses = ::getsockopt(keeper::kLogSocket, SOL_SOCKET, kPassRights, &passes, &size) == 0 && passes == 0;
        return refuses ? Needed::no : Needed::yes;
    }

  private:
    static constexpr timeval kPatience{.tv_sec = 0, .tv_usec = 5000};

    void set(const timeval& every) const {
        const itimerval timer{every, every};
        if (needed_ == Needed::yes) ::setitimer(ITIMER_REAL, &timer, nullptr);
    }

    Needed needed_;
};

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

/// Takes what comes, until the server's init has ended. A way in that was too much is left alone for a moment, so that a flood costs
/// the host little; a master whose other end was hung up reads EIO, and poll would return at once for ever, so it is left out for a second.
class Copier {
  public:
    Copier(SealedStore& store, Rate rate) : store_(store), inbox_(store, rate), connections_(inbox_) {}

    void run_until_init_ends() {
        connections_.restore();
        bool init_has_ended = false;
        while (asked_to_end == 0 && !init_has_ended) {
            wait();
            const bool quiet = !take_all();
            keep_time();
            init_has_ended = quiet && held_.none() && fds_[kInitPlace].revents != 0;
        }
    }
    /// What is left in the terminal and the sockets: poll(2) itself brings it to the reader's side (drivers/tty/n_tty.c, n_tty_poll).
    void drain() {
        do {
            held_.reset();
            look(0);
        } while (take_all() || held_.any());
    }

  private:
    enum Place : std::size_t {
        kConsolePlace,
        kLogPlace,
        kJournalPlace,
        kNotePlace,
        kStreamPlace,
        kFirstPlace,  ///< of a connection
        kInitPlace = kFirstPlace + kMostConnections,
        kPlaces,
    };

    /// Those that are to be waited for.
    void list() {
        constexpr std::array<int, kFirstPlace> kGiven{keeper::kConsole, keeper::kLogSocket, keeper::kJournalSocket, keeper::kNoteSocket,
                                                      keeper::kStreamSocket};
        for (std::size_t place = 0; place < kPlaces; ++place) {
            const bool is_given = place < kFirstPlace;
            int fd = is_given ? kGiven[place] : place == kInitPlace ? int{keeper::kInit} : connections_.descriptor(place - kFirstPlace);
            if (held_[place] || (place == kConsolePlace && hung_up_)) fd = -1;
            fds_[place] = {fd, POLLIN, 0};
        }
    }
    void look(std::int64_t patience) {
        sigset_t all_but_term;
        ::sigfillset(&all_but_term);
        ::sigdelset(&all_but_term, SIGTERM);
        const timespec limit{.tv_sec = patience / kSecond, .tv_nsec = patience % kSecond};
        list();
        ::ppoll(fds_.data(), fds_.size(), &limit, &all_but_term);
    }
    void wait() {
        const auto time = monotonic_now();
        std::int64_t until = hung_up_ ? std::min(due_, time + kHangupPause) : due_;
        if (held_.any()) until = std::min(until, held_until_);
        look(std::max<std::int64_t>(until - time, 0));
        hung_up_ = false;
        if (held_.any() && monotonic_now() >= held_until_) held_.reset();
    }
    /// False where there was nothing.
    bool take_all() {
        const Impatience impatience(impatience_);
        bool something = false;
        for (std::size_t place = 0; place < kInitPlace; ++place) {
            if (fds_[place].revents == 0) continue;
            something = something || !(place == kConsolePlace && (fds_[place].revents & POLLIN) == 0);
            if (!take(place)) hold(place);
        }
        return something;
    }
    void hold(std::size_t place) {
        if (held_.none()) held_until_ = monotonic_now() + kFloodPause;
        held_.set(place);
    }
    /// False where it was too much.
    bool take(std::size_t place) {
        switch (place) {
            case kConsolePlace: return take_console();
            case kLogPlace: return inbox_.take_messages(log_);
            case kJournalPlace: return inbox_.take_messages(journal_);
            case kNotePlace: return inbox_.take_messages(note_);
            case kStreamPlace: connections_.accept(); return true;
            default: return connections_.take(place - kFirstPlace);
        }
    }
    bool take_console() {
        const auto taken = inbox_.take_console();
        hung_up_ = taken == Inbox::Taken::end;
        return taken != Inbox::Taken::too_much;
    }
    /// Seals what is due; after the first record of a while, something is due in a second.
    void keep_time() {
        const auto time = monotonic_now();
        if (time >= due_) {
            if (store_.is_settled()) store_.heartbeat();
            else store_.settle();
            due_ = time + (store_.is_settled() ? kHeartbeat : kSealAfter);
        } else if (!store_.is_settled()) {
            due_ = std::min(due_, time + kSealAfter);
        }
    }

    SealedStore& store_;
    Inbox inbox_;
    Connections connections_;
    Impatience::Needed impatience_ = Impatience::needed();
    Queue log_{keeper::kLogSocket, log::Source::datagram};
    Queue journal_{keeper::kJournalSocket, log::Source::journal};
    Queue note_{keeper::kNoteSocket, log::Source::host};
    std::array<pollfd, kPlaces> fds_{};
    std::bitset<kPlaces> held_;  ///< left alone until
    std::int64_t held_until_ = 0, due_ = 0;
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
        constexpr std::string_view kUsage = "vserver-recorder: is started by a server's keeper: NAME UID BYTES SEGMENTS RECORDS-A-SECOND BYTES-A-SECOND\n";
        (void)!::write(STDERR_FILENO, kUsage.data(), kUsage.size());
        return 2;
    }
    recorder::take_signals();
    const auto boot = recorder::read_boot_id();
    recorder::SealedStore store(keeper::kLogDir, arguments->limits, boot);
    ::mlock(&store, sizeof store);  // its keys stay out of swap; where that is refused, out of core dumps still
    if (const char* step = recorder::confine(arguments->uid)) return recorder::fail(argv[1], step);
    store.open();  // where it cannot, all is counted as lost until it can: a server never waits for its log
    store.begin();
    recorder::Copier copier(store, arguments->rate);
    copier.run_until_init_ends();
    copier.drain();
    store.end();
    // Not exit(3), nor anything that a sanitizer would prepare for: the filter leaves this call and no other.
    ::syscall(SYS_exit_group, store.is_settled() ? 0 : 1);
    return 1;
}
