#include "programs/recorder/filter.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "programs/recorder/sealed_store.hpp"
#include "server/keeper_protocol.hpp"

namespace vs::recorder {
namespace {

/// The wait status of a child that makes one call under the filter, with /dev/null behind every descriptor of a recorder.
template <typename Call>
int status_after(Call call) {
    pid_t child = ::fork();
    if (child == 0) {
        int null = ::open("/dev/null", O_RDWR);
        for (int fd : {int{keeper::kConsole}, int{keeper::kLogDir}, int{keeper::kInit}}) ::dup2(null, fd);
        for (int fd = kSealDescriptor; fd <= kNotesDescriptor; ++fd) ::dup2(null, fd);
        if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || !install_filter()) ::syscall(SYS_exit_group, 1);
        call();
        ::syscall(SYS_exit_group, 0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return status;
}

bool passes(int status) { return WIFEXITED(status) && WEXITSTATUS(status) == 0; }
bool kills(int status) { return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS; }

char byte = 0;

TEST(filter, leaves_what_a_recorder_does) {
    EXPECT_TRUE(passes(status_after([] { ::syscall(SYS_read, keeper::kConsole, &byte, 1); })));
    EXPECT_TRUE(passes(status_after([] { ::syscall(SYS_pread64, kSealDescriptor, &byte, 1, 0); })));
    EXPECT_TRUE(passes(status_after([] { ::syscall(SYS_pread64, kRecordsDescriptor, &byte, 1, 0); })));
    EXPECT_TRUE(passes(status_after([] { ::syscall(SYS_pwrite64, kSealDescriptor, &byte, 1, 0); })));
    for (int fd : {int{kChainDescriptor}, int{kNotesDescriptor}})
        EXPECT_TRUE(passes(status_after([fd] { ::syscall(SYS_write, fd, &byte, 1); }))) << fd;
    EXPECT_TRUE(passes(status_after([] { ::syscall(SYS_writev, kRecordsDescriptor, nullptr, 0); })));
    EXPECT_TRUE(passes(status_after([] { ::syscall(SYS_unlinkat, keeper::kLogDir, "x", 0); })));
    for (long call : {SYS_recvmmsg, SYS_setsockopt})
        for (int fd : {int{keeper::kLogSocket}, int{keeper::kNoteSocket}})
            EXPECT_TRUE(passes(status_after([call, fd] { ::syscall(call, fd, nullptr, 0, 0, nullptr); }))) << call << " " << fd;
    EXPECT_TRUE(passes(status_after([] { ::syscall(SYS_fsync, keeper::kLogDir); })));
    EXPECT_TRUE(passes(status_after([] { ::syscall(SYS_openat, keeper::kLogDir, "x", O_RDONLY); })));
    EXPECT_TRUE(passes(status_after([] {
        pollfd fd{keeper::kConsole, POLLIN, 0};
        timespec now{};
        ::syscall(SYS_ppoll, &fd, 1, &now, nullptr, 8);
    })));
    for (long call : {SYS_fdatasync, SYS_ftruncate, SYS_lseek, SYS_close})
        EXPECT_TRUE(passes(status_after([call] { ::syscall(call, kNotesDescriptor, 0, 0); }))) << call;
}

TEST(filter, kills_on_any_other_descriptor) {
    EXPECT_TRUE(kills(status_after([] { ::syscall(SYS_read, kRecordsDescriptor, &byte, 1); })));
    EXPECT_TRUE(kills(status_after([] { ::syscall(SYS_pwrite64, kRecordsDescriptor, &byte, 1, 0); })));  // nothing old is written over
    EXPECT_TRUE(kills(status_after([] { ::syscall(SYS_ftruncate, kSealDescriptor, 0); })));
    for (int fd : {0, 1, 2, int{keeper::kConsole}, int{keeper::kConsoleSlave}, int{kSealDescriptor}, kNotesDescriptor + 1})
        EXPECT_TRUE(kills(status_after([fd] { ::syscall(SYS_write, fd, &byte, 1); }))) << fd;
    for (long call : {SYS_recvmmsg, SYS_setsockopt})
        for (int fd : {int{keeper::kInit}, int{keeper::kKeptIn}, int{keeper::kKeptOut}})
            EXPECT_TRUE(kills(status_after([call, fd] { ::syscall(call, fd, nullptr, 0, 0, nullptr); }))) << call << " " << fd;
    EXPECT_TRUE(kills(status_after([] { ::syscall(SYS_openat, AT_FDCWD, "x", O_RDONLY); })));
    EXPECT_TRUE(kills(status_after([] { ::syscall(SYS_unlinkat, AT_FDCWD, "x", 0); })));
    EXPECT_TRUE(kills(status_after([] { ::syscall(SYS_renameat2, keeper::kLogDir, "x", keeper::kLogDir, "y", 0); })));
}

TEST(filter, kills_on_any_other_call) {
    EXPECT_TRUE(kills(status_after([] { ::syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0); })));
    EXPECT_TRUE(kills(status_after([] { ::syscall(SYS_execve, "/bin/true", nullptr, nullptr); })));
    EXPECT_TRUE(kills(status_after([] { ::syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0); })));
    EXPECT_TRUE(kills(status_after([] { ::syscall(SYS_kill, ::getppid(), 0); })));
    EXPECT_TRUE(kills(status_after([] { ::syscall(SYS_ioctl, keeper::kConsole, 0, 0); })));
    EXPECT_TRUE(kills(status_after([] { ::syscall(SYS_mmap, nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); })));
    EXPECT_TRUE(kills(status_after([] { ::syscall(SYS_ptrace, 0, 0, 0, 0); })));
    EXPECT_TRUE(kills(status_after([] { ::syscall(SYS_setuid, 0); })));
}

}  // namespace
}  // namespace vs::recorder
