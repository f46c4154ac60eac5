// vserver-netview: shows a server on the host's network stack its own addresses (server/network_view.hpp).
//
//     vserver-netview NAME UID INODE      descriptors: server/network_view_protocol.hpp
//
// Whoever in the server asks for a socket of NETLINK_ROUTE waits, by the server's filter of system calls, until one of us gives him one: a socket
// of the network namespace that we live in, in which there is nothing but the server's addresses. What he asks for is three numbers in
// registers. Nothing of his memory is read and nothing of his is opened, so there is nothing that he could change meanwhile, and we need no power over
// him. A socket that we have made can only be asked: to change something its maker would have to have CAP_NET_ADMIN here (net/netlink/af_netlink.c,
// netlink_ns_capable), and we have nothing.
//
// The calls of who has no listener any more fail, so we are two: one answers, the other waits for its end and then starts another; where the one that
// waits is killed, the one that answers takes its place. They share their table of descriptors (CLONE_FILES), so that each has every listener
// that either of them was sent, and a page in which the call stands that is just being answered, so that who takes over completes it.
//
// It is freestanding and static, and takes nothing from the heap: there is one for every such server. Its end is that of the server's control group.

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <string_view>

#include "base/sanitized.hpp"
#include "programs/drop_root.hpp"
#include "programs/netview/filter.hpp"
#include "server/network_view_protocol.hpp"

namespace vs::netview {

namespace {

constexpr int kMost = 1024;        // descriptors, and with them listeners
constexpr int kReserve = 4;        // for a connection, what comes over it, and the socket that is being given away
constexpr time_t kQuickDeath = 1;  // seconds: who has lived shorter is replaced
constexpr long kPause = 100'000'000;  // nanoseconds later

/// The call that is being answered; `listener` is -1 while there is none. The kernel wants the notice to be empty before.
struct Flight {
    int listener;
    seccomp_notif notice;
};
Flight* flight;  // in memory that both share

ino_t own_network;  // as the argument INODE

// ------------------------------------------------------------------------------------------------------ one call

/// Of any thread in the server; 0 where it is gone. Nobody needs a privilege to look there (fs/proc/proc_net.c, get_proc_task_net), and while its call
/// waits a thread can neither end nor change its namespace unseen by the kernel, which then takes no answer.
ino_t network_of(std::uint32_t thread) {
    char path[32];
    constexpr std::string_view kBehind = "/net/dev";
    auto end = std::to_chars(path, path + 16, thread).ptr;
    memcpy(end, kBehind.data(), kBehind.size());
    end[kBehind.size()] = '\0';
    struct stat status{};
    return fstatat(kProc, path, &status, 0) == 0 ? status.st_ino : 0;
}

void respond(int listener, std::uint64_t id, int error, std::uint32_t flags) {
    seccomp_notif_resp response{id, 0, -error, flags};
    (void)ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);  // whoever has gone meanwhile needs no answer
}

/// In the caller's own table, under the lowest free number, as the call's own answer.
void give_socket(int listener, std::uint64_t id, int type) {
    const int socket = ::socket(AF_NETLINK, type | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (socket < 0) return respond(listener, id, errno, 0);
    seccomp_notif_addfd given{id, SECCOMP_ADDFD_FLAG_SEND, static_cast<std::uint32_t>(socket), 0,
                              (type & SOCK_CLOEXEC) != 0 ? std::uint32_t{O_CLOEXEC} : 0};
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &given) < 0 && errno != ENOENT) respond(listener, id, errno, 0);
    close(socket);
}

/// Whoever is in another network namespace, as the server's users can make them, sees that one.
void answer(int listener, const seccomp_notif& notice) {
    if (notice.data.nr != __NR_socket) return respond(listener, notice.id, EOPNOTSUPP, 0);  // socketpair(2), as netlink answers it
    const auto network = network_of(notice.pid);
    if (network == 0) return respond(listener, notice.id, EAGAIN, 0);
    if (network != own_network) return respond(listener, notice.id, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
    give_socket(listener, notice.id, static_cast<int>(notice.data.args[1]));
}

/// What a sibling has begun and not brought to its end.
void complete() {
    if (flight->listener < 0) return;
    if (flight->notice.id != 0 && ioctl(flight->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &flight->notice.id) == 0)
        answer(flight->listener, flight->notice);
    flight->listener = -1;
}

/// False where nothing of this kind can come any more, or never could.
bool take_call(int listener) {
    flight->listener = -1;
    flight->notice = {};
    flight->listener = listener;
    const bool taken = ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &flight->notice) == 0;
    const bool vanished = !taken && (errno == ENOENT || errno == EINTR || errno == EAGAIN);
    if (taken) answer(listener, flight->notice);
    flight->listener = -1;
    return taken || vanished;
}

// -------------------------------------------------------------------------------------------------- who comes in

/// A listener, from a command of the host's that has just put somebody under our filter; -1 where something else came, or nothing.
int receive_listener(int connection) {
    char byte = 0;
    iovec part{&byte, 1};
    alignas(cmsghdr) char room[CMSG_SPACE(sizeof(int))];
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = room;
    message.msg_controllen = sizeof room;
    if (recvmsg(connection, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT) < 0) return -1;
    const cmsghdr* given = CMSG_FIRSTHDR(&message);
    if (given == nullptr || given->cmsg_type != SCM_RIGHTS || given->cmsg_len != CMSG_LEN(sizeof(int))) return -1;
    int listener = -1;
    memcpy(&listener, CMSG_DATA(given), sizeof listener);
    return listener;
}

bool is_socket(int fd) {
    struct stat status{};
    return fstatat(fd, "", &status, AT_EMPTY_PATH) == 0 && S_ISSOCK(status.st_mode);
}

/// What the one of us that answers waits for. What a descriptor is, is asked of the kernel, so that who takes over needs to be told nothing.
class Watch {
  public:
    Watch() {
        for (int fd = 0; fd < kMost; ++fd) polls_[at(fd)] = {fd, 0, 0};
        (void)ppoll(polls_.data(), polls_.size(), &kAtOnce, nullptr);
        for (int fd = 0; fd < kMost; ++fd) {
            const bool closed = (polls_[at(fd)].revents & POLLNVAL) != 0;
            polls_[at(fd)] = {-1, POLLIN, 0};
            if (!closed && (fd == kListening || fd >= kSibling)) add(fd);
        }
    }

    /// Returns when the sibling that waits for us has ended.
    void serve() {
        for (;;) {
            polls_[at(kListening)].fd = count_ < kMost - kReserve ? kListening : -1;
            if (ppoll(polls_.data(), static_cast<nfds_t>(last_) + 1, nullptr, nullptr) < 0) continue;
            if (polls_[at(kSibling)].revents != 0) return;
            if (polls_[at(kListening)].fd >= 0 && polls_[at(kListening)].revents != 0) add(accept4(kListening, nullptr, nullptr, SOCK_CLOEXEC));
            for (int fd = kFirst, last = last_; fd <= last; ++fd)
                if (polls_[at(fd)].fd >= 0 && polls_[at(fd)].revents != 0) attend(fd);
        }
    }

  private:
    static constexpr timespec kAtOnce{};
    static constexpr std::size_t at(int fd) { return static_cast<std::size_t>(fd); }

    void attend(int fd) {
        const bool calls = (polls_[at(fd)].revents & POLLIN) != 0;
        const bool connection = is_socket(fd);
        if (connection) add(receive_listener(fd));
        if (connection || !calls || !take_call(fd)) remove(fd);
    }
    void add(int fd) {
        if (fd < 0) return;
        polls_[at(fd)] = {fd, POLLIN, 0};
        last_ = fd > last_ ? fd : last_;
        ++count_;
    }
    void remove(int fd) {
        close(fd);
        polls_[at(fd)].fd = -1;
        --count_;
        while (polls_[at(last_)].fd < 0 && last_ > kSibling) --last_;
    }

    std::array<pollfd, kMost> polls_{};
    int last_ = kSibling;
    int count_ = kSibling;
};

// ------------------------------------------------------------------------------------------------------ the two

time_t now() {
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec;
}

/// Makes us the one that the next sibling stands in for.
bool become_known() {
    const int self = static_cast<int>(syscall(SYS_pidfd_open, getpid(), 0));
    if (self < 0 || self == kSibling) return self == kSibling;
    const bool placed = dup3(self, kSibling, O_CLOEXEC) == kSibling;
    close(self);
    return placed;
}

/// Returns in each sibling that has become the one that waits.
void answer_beside(pid_t& child) {
    child = static_cast<pid_t>(syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0));
    if (child != 0) return;
    complete();
    Watch().serve();
}

/// One of us answers and the other waits, for ever. The memory of each is its own, so it knows nothing but its descriptors and the page.
[[noreturn]] void stand_by() {
    constexpr timespec kShort{0, kPause};
    for (;;) {
        const time_t begun = now();
        pid_t child = -1;
        if (become_known()) answer_beside(child);
        if (child > 0) (void)waitpid(child, nullptr, 0);
        if (child != 0 && now() - begun < kQuickDeath) (void)ppoll(nullptr, 0, &kShort, nullptr);
    }
}

// --------------------------------------------------------------------------------------------------- at the start

template <typename Number>
bool parse(std::string_view text, Number& number) {
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} && end == text.data() + text.size() && number != 0;
}

bool share_flight() {
    void* page = mmap(nullptr, sizeof(Flight), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return false;
    flight = static_cast<Flight*>(page);
    flight->listener = -1;
    return true;
}

bool limit_resources() {
    constexpr rlimit kNothing{0, 0}, kDescriptors{kMost, kMost};
    return setrlimit(RLIMIT_CORE, &kNothing) == 0 && setrlimit(RLIMIT_NOFILE, &kDescriptors) == 0;
}

/// A stop that signals everything in the server's groups means others; SIGKILL is for us too.
bool ignore_signals() {
    sigset_t all;
    return sigfillset(&all) == 0 && sigprocmask(SIG_SETMASK, &all, nullptr) == 0;
}

bool install_filter() {
    sock_fprog program{static_cast<unsigned short>(kFilter.length), const_cast<sock_filter*>(kFilter.code.data())};  // only read (seccomp(2))
    return base::kSanitized || syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
}

const char* prepare(uid_t uid) {
    if (!share_flight()) return "share a page";
    if (!ignore_signals()) return "block signals";
    if (fchdir(kProc) < 0 || chroot(".") < 0) return "make its /proc its root";
    if (!limit_resources()) return "limit its resources";
    if (const char* failed = programs::drop_root(uid)) return failed;
    if (!install_filter()) return "filter its system calls";
    return nullptr;
}

void report(const char* failed) {
    const iovec parts[] = {{const_cast<char*>(kCannot), strlen(kCannot)}, {const_cast<char*>(failed), strlen(failed)}};  // only read
    (void)!writev(kReport, parts, 2);
}

}  // namespace

}  // namespace vs::netview

int main(int argc, char** argv) {
    using namespace vs::netview;
    uid_t uid = 0;
    if (argc != 4 || !parse(argv[2], uid) || !parse(argv[3], own_network)) return 2;
    if (const char* failed = prepare(uid)) {
        report(failed);
        return 1;
    }
    stand_by();
}
