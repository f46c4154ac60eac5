// vserver-reaper: the first process of a security context that stands alone (context/reaper_protocol.hpp). It waits: for the command,
// whose status it tells at once; for what the command leaves behind; and for what has been entered from outside. When nothing
// is left, the context ends with it. Static, freestanding, no heap; there is one for every context.

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "context/reaper_protocol.hpp"

namespace {

using namespace vs::context::reaper;

class Reaper {
  public:
    Reaper(pid_t command, bool tells) : command_(command), status_(tells ? kStatusFd : -1) {
        sigset_t all;
        sigfillset(&all);
        sigprocmask(SIG_SETMASK, &all, nullptr);
        signals_ = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
        processes_ = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);  // the command may unmount it
    }

    void run() {
        for (;;) {
            const bool childless = !reap();
            int guest = childless ? find_guest() : -1;
            if (childless && guest < 0) return;
            wait(guest);
            if (guest >= 0) close(guest);
        }
    }

  private:
    /// False where no child is left.
    bool reap() {
        for (;;) {
            int status = 0;
            pid_t ended = waitpid(-1, &status, WNOHANG);
            if (ended == 0) return true;
            if (ended < 0) return errno == EINTR;
            if (ended == command_) command_ended(status);
        }
    }

    void command_ended(int status) {
        command_ = -1;
        if (status_ < 0) return;
        siginfo_t other{};
        const bool childless = waitid(P_ALL, 0, &other, WEXITED | WNOHANG | WNOWAIT) < 0;
        const Ending ending{status, childless && !has_guest() ? 1 : 0};
        (void)!write(status_, &ending, sizeof ending);
        close(status_);
        status_ = -1;
    }

    bool has_guest() {
        int guest = find_guest();
        if (guest >= 0) close(guest);
        return guest >= 0;
    }

    /// A process that came in from outside is nobody's child here: a pidfd of one, or -1.
    int find_guest() {
        alignas(long) char room[1024];
        if (processes_ < 0) return -1;
        lseek(processes_, 0, SEEK_SET);
        for (long size = 0; (size = syscall(SYS_getdents64, processes_, room, sizeof room)) > 0;)
            for (long at = 0; at < size;) {
                const char* entry = room + at;
                unsigned short length = 0;
                memcpy(&length, entry + 16, sizeof length);  // linux_dirent64: inode, offset, length, type, name
                at += length;
                int pid = atoi(entry + 19);
                int guest = pid > 1 ? static_cast<int>(syscall(SYS_pidfd_open, pid, 0)) : -1;
                if (guest >= 0) return guest;
            }
        return -1;
    }

    void wait(int guest) {
        pollfd fds[] = {{signals_, POLLIN, 0}, {status_, 0, 0}, {guest, POLLIN, 0}};
        if (poll(fds, 3, -1) <= 0) return;
        if (fds[0].revents != 0) forward();
        if (fds[1].revents != 0) {  // whoever waited for the command has been killed: it was the command to its caller
            close(status_);
            status_ = -1;
            if (command_ > 0) kill(command_, SIGKILL);
        }
    }

    /// What somebody outside sends to the first process is meant for the command. A sender that has no number here is outside.
    void forward() {
        signalfd_siginfo info{};
        while (read(signals_, &info, sizeof info) == sizeof info)
            if (info.ssi_signo != SIGCHLD && info.ssi_pid == 0 && info.ssi_code <= 0 && command_ > 0)
                kill(command_, static_cast<int>(info.ssi_signo));
    }

    pid_t command_;
    int status_;
    int signals_ = -1;
    int processes_ = -1;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4 || getpid() != 1) return 125;
    const bool tells = strcmp(argv[3], kTold) == 0;
    // Whoever reads what the command wrote must see its end: nothing is kept open here.
    syscall(SYS_close_range, 0, 2, 0);
    syscall(SYS_close_range, tells ? kStatusFd + 1 : 3, ~0U, 0);
    (void)!chdir("/");
    Reaper(static_cast<pid_t>(atoi(argv[1])), tells).run();
    if (argv[2][0] != 0) unlink(argv[2]);
    return 0;
}
