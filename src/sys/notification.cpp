#include "sys/notification.hpp"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>

#include "base/text.hpp"
#include "sys/call.hpp"
#include "sys/file.hpp"
#include "sys/process.hpp"

namespace vs::sys {

namespace {

constexpr unsigned long kWaitKillable = 1UL << 5;  // SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, Linux 5.19

/// A descriptor's owner is known by the leader of its threads.
Result<pid_t> process_of(int thread) {
    auto status = TRY(read_file(kHere, fmt::format("/proc/{}/status", thread)));
    constexpr std::string_view kKey = "\nTgid:\t";
    auto at = status.find(kKey);
    auto end = status.find('\n', at + 1);
    auto pid = at == std::string::npos ? std::nullopt : base::parse_number(std::string_view(status).substr(at + kKey.size(), end - at - kKey.size()));
    if (!pid) return fail(Code::failed, "the status of thread {} has no Tgid", thread);
    return static_cast<pid_t>(*pid);
}

}  // namespace

int load_notifying_filter_raw(const sock_filter* program, std::size_t length) noexcept {
    if (length == 0 || length > BPF_MAXINSNS) return -EINVAL;
    const sock_fprog fprog{static_cast<unsigned short>(length), const_cast<sock_filter*>(program)};
    long listener = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER | kWaitKillable, &fprog);
    if (listener < 0 && errno_now() == EINVAL)
        listener = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &fprog);
    return listener < 0 ? -errno_now() : static_cast<int>(listener);
}

Result<std::optional<CallNotice>> CallNotices::next() const {
    seccomp_notif raw{};
    if (::ioctl(listener_.get(), SECCOMP_IOCTL_NOTIF_RECV, &raw) < 0) {
        if (errno_now() == ENOENT || errno_now() == EINTR) return std::nullopt;
        return failed("receive a system call");
    }
    CallNotice notice{raw.id, static_cast<int>(raw.pid), raw.data.nr, {}};
    for (std::size_t i = 0; i < notice.arguments.size(); ++i) notice.arguments[i] = raw.data.args[i];
    return std::optional(notice);
}

bool CallNotices::is_waiting(const CallNotice& notice) const {
    return ::ioctl(listener_.get(), SECCOMP_IOCTL_NOTIF_ID_VALID, &notice.id) == 0;
}

// Whoever has gone meanwhile needs no answer.
void CallNotices::let_go_on(const CallNotice& notice) const {
    seccomp_notif_resp response{notice.id, 0, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE};
    (void)::ioctl(listener_.get(), SECCOMP_IOCTL_NOTIF_SEND, &response);
}

void CallNotices::answer(const CallNotice& notice, int error) const {
    seccomp_notif_resp response{notice.id, 0, -error, 0};
    (void)::ioctl(listener_.get(), SECCOMP_IOCTL_NOTIF_SEND, &response);
}

bool CallNotices::is_over() const {
    pollfd poll{listener_.get(), POLLIN, 0};
    return ::poll(&poll, 1, 0) > 0 && (poll.revents & POLLHUP) != 0;
}

Result<std::string> read_memory(int thread, std::uint64_t address, std::size_t size) {
    std::string bytes(size, '\0');
    iovec ours{bytes.data(), size};
    iovec theirs{reinterpret_cast<void*>(address), size};  // NOLINT: an address in another process
    ssize_t count = ::process_vm_readv(thread, &ours, 1, &theirs, 1, 0);
    if (count < 0) return failed("read the memory of thread {}", thread);
    bytes.resize(static_cast<std::size_t>(count));
    return bytes;
}

Result<SocketFd> take_socket(int thread, int number) {
    auto process = TRY(open_pidfd(TRY(process_of(thread))));
    return SocketFd(TRY(take_descriptor(process, number)).release());
}

}  // namespace vs::sys
