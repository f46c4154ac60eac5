// What is left to programs that read what a stranger has written: their filters, evaluated call by call, and how root is given up.

#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "base/text.hpp"
#include "context/filter_evaluator.hpp"
#include "programs/allow_list.hpp"
#include "programs/drop_root.hpp"
#include "programs/surveyor_filter.hpp"
#include "programs/unpack_filter.hpp"
#include "sys/file.hpp"
#include "sys/own_namespaces.hpp"

namespace vs::programs {
namespace {

std::uint32_t verdict(const context::FilterProgram& filter, std::uint32_t call, std::uint64_t first = 0, std::uint32_t architecture = context::kNativeArchitecture) {
    const seccomp_data data{static_cast<int>(call), architecture, 0, {first}};
    return context::evaluate(filter.span(), data)->action;
}
bool allows(const context::FilterProgram& filter, std::uint32_t call) { return verdict(filter, call) == SECCOMP_RET_ALLOW; }

constexpr std::uint32_t kNobodys[] = {SYS_open, SYS_openat, SYS_creat, SYS_socket, SYS_connect, SYS_bind, SYS_execve, SYS_execveat, SYS_clone, SYS_clone3, SYS_fork, SYS_vfork,
                                      SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_pidfd_getfd, SYS_pidfd_open, SYS_kill, SYS_setns, SYS_unshare, SYS_mount, SYS_umount2,
                                      SYS_move_mount, SYS_open_tree, SYS_pivot_root, SYS_chroot, SYS_chdir, SYS_fchdir, SYS_bpf, SYS_io_uring_setup, SYS_userfaultfd, SYS_keyctl,
                                      SYS_add_key, SYS_seccomp, SYS_prctl, SYS_capset, SYS_setuid, SYS_setresuid, SYS_prlimit64, SYS_open_by_handle_at, SYS_name_to_handle_at,
                                      SYS_memfd_create, SYS_init_module, SYS_finit_module, SYS_kexec_load, SYS_perf_event_open, SYS_sethostname, SYS_rename, SYS_renameat2, SYS_link, SYS_linkat};

TEST(Confined, neither_reaches_a_file_by_path_a_process_or_the_network) {
    for (const auto* filter : {&unpack_filter(), &surveyor_filter()})
        for (auto call : kNobodys) EXPECT_EQ(verdict(*filter, call), SECCOMP_RET_ERRNO | EPERM) << call;
}

TEST(Confined, what_unpacks_writes_below_its_root_and_what_surveys_changes_nothing) {
    constexpr std::uint32_t kChanges[] = {SYS_mkdirat, SYS_mknodat, SYS_symlinkat, SYS_unlinkat, SYS_fchmod, SYS_fchown, SYS_fchmodat, SYS_fchownat, SYS_utimensat, SYS_fsetxattr,
                                          SYS_ftruncate, SYS_pwrite64, SYS_copy_file_range, SYS_ioctl};
    for (auto call : kChanges) {
        EXPECT_TRUE(allows(unpack_filter(), call)) << call;
        EXPECT_FALSE(allows(surveyor_filter(), call)) << call;
    }
    for (auto call : {SYS_read, SYS_openat2, SYS_pread64, SYS_close, SYS_mmap, SYS_exit_group})
        for (const auto* filter : {&unpack_filter(), &surveyor_filter()}) EXPECT_TRUE(allows(*filter, static_cast<std::uint32_t>(call))) << call;
}

TEST(Confined, calls_of_another_architecture_and_numbers_beyond_the_table_are_refused) {
    for (const auto* filter : {&unpack_filter(), &surveyor_filter()}) {
        EXPECT_NE(verdict(*filter, SYS_read, 0, AUDIT_ARCH_I386), SECCOMP_RET_ALLOW);
        for (std::uint32_t call : {0x40000000U | SYS_read, 0x40000000U | SYS_openat2, 0xffffffffU, 0x7fffffffU, 5000U}) EXPECT_FALSE(allows(*filter, call)) << call;
    }
}

// Neighbours in the table of calls, its first and its last: where ranges are put together, an end that is one off allows another call.
TEST(AllowList, allows_exactly_the_calls_of_the_list) {
    constexpr std::uint32_t kCalls[] = {0, 2, 3, 4, 9, 300, 301, 0x3fffffff};
    constexpr auto filter = allow_only(kCalls);
    for (std::uint32_t call = 0; call < 600; ++call) EXPECT_EQ(allows(filter, call), std::ranges::find(kCalls, call) != std::end(kCalls)) << call;
    EXPECT_TRUE(allows(filter, 0x3fffffff));
    EXPECT_FALSE(allows(filter, 0x3ffffffe));
    EXPECT_FALSE(allows(filter, 0x40000000));
}

TEST(AllowList, an_exact_call_is_allowed_with_its_value_alone) {
    constexpr std::uint32_t kCalls[] = {SYS_read};
    constexpr auto filter = allow_only(kCalls, std::array{ExactCall{SYS_socket, 0, 16}, ExactCall{SYS_fcntl, 0, 3}});
    for (auto [call, value, allowed] : {std::tuple<std::uint32_t, std::uint64_t, bool>{SYS_socket, 16, true}, {SYS_socket, 1, false}, {SYS_socket, 3, false}, {SYS_fcntl, 3, true},
                                        {SYS_fcntl, 16, false}, {SYS_read, 99, true}, {SYS_write, 16, false}})
        EXPECT_EQ(verdict(filter, call, value) == SECCOMP_RET_ALLOW, allowed) << call << " " << value;
}

TEST(DropRoot, leaves_no_id_no_group_no_capability_and_no_way_back) {
    sys::in_own_namespaces(0, [] {
        // What a careless caller may have left: groups, and capabilities that survive a change of user.
        const gid_t groups[] = {7, 8};
        ASSERT_EQ(::setgroups(2, groups), 0);
        ASSERT_EQ(::prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP), 0);
        ASSERT_EQ(drop_root(54323), nullptr);
        const auto status = sys::read_file(sys::kHere, "/proc/self/status").value();
        for (const char* line : {"Uid:\t54323\t54323\t54323\t54323", "Gid:\t54323\t54323\t54323\t54323", "Groups:\t \n", "CapInh:\t0000000000000000", "CapPrm:\t0000000000000000",
                                 "CapEff:\t0000000000000000", "CapBnd:\t0000000000000000", "CapAmb:\t0000000000000000", "NoNewPrivs:\t1"})
            EXPECT_NE(status.find(line), std::string::npos) << line;
        EXPECT_LT(::setresuid(0, 0, 0), 0);
        EXPECT_LT(::setgid(0), 0);
        EXPECT_EQ(::prctl(PR_GET_DUMPABLE), 0);
    });
}

TEST(DropRoot, who_is_not_root_is_told_and_nothing_is_half_done) {
    sys::in_own_namespaces(0, [] {
        ASSERT_EQ(::setresuid(54324, 54324, 54324), 0);
        EXPECT_STREQ(drop_root(54323), "empty its capability bounding set");
        EXPECT_EQ(::getuid(), 54324U);
    });
}

}  // namespace
}  // namespace vs::programs
