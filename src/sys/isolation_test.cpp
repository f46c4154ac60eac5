// What cannot be taken back: filters, domains, ids and namespaces. Each is put on a child and tried from there.

#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "sys/capability.hpp"
#include "sys/clone.hpp"
#include "sys/file.hpp"
#include "sys/landlock.hpp"
#include "sys/landlock_reading.hpp"
#include "sys/overwrite.hpp"
#include "sys/own_namespaces.hpp"
#include "sys/process.hpp"
#include "sys/scratch_dir.hpp"
#include "sys/seccomp.hpp"
#include "sys/user_namespace.hpp"
#include "sys/xattr.hpp"

namespace vs::sys {
namespace {

/// Allows everything but uname(2), which fails with EXDEV.
constexpr sock_filter kNoUname[] = {
    {BPF_LD | BPF_W | BPF_ABS, 0, 0, 0},
    {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, SYS_uname},
    {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | EXDEV},
    {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
};

int uname_error() {
    char room[1024];
    return ::syscall(SYS_uname, room) < 0 ? errno : 0;
}

TEST(Seccomp, a_filter_holds_for_the_process_and_its_children) {
    in_own_namespaces(0, [] {
        EXPECT_EQ(uname_error(), 0);
        ASSERT_EQ(load_filter_raw(kNoUname, std::size(kNoUname)), 0);
        EXPECT_EQ(uname_error(), EXDEV);
        in_own_namespaces(0, [] { EXPECT_EQ(uname_error(), EXDEV); });
    });
}

TEST(Seccomp, what_is_no_filter_is_refused_and_nothing_is_loaded) {
    in_own_namespaces(0, [] {
        EXPECT_EQ(load_filter_raw(kNoUname, 0), -EINVAL);
        EXPECT_EQ(load_filter_raw(kNoUname, 4097), -EINVAL) << "and not the length that is left of it in 16 bits";
        EXPECT_EQ(load_filter_raw(kNoUname, 65540), -EINVAL);
        EXPECT_EQ(load_filter_raw(kNoUname, 3), -EINVAL) << "it jumps beyond its end";
        EXPECT_EQ(uname_error(), 0);
    });
}

TEST(Seccomp, without_the_right_to_it_a_filter_is_not_loaded) {
    in_own_namespaces(0, [] {
        ASSERT_TRUE(become(4001, 4001));
        EXPECT_EQ(load_filter_raw(kNoUname, std::size(kNoUname)), -EACCES);
        ASSERT_EQ(set_no_new_privileges_raw(), 0);
        EXPECT_EQ(get_no_new_privileges_raw(), 1);
        EXPECT_EQ(load_filter_raw(kNoUname, std::size(kNoUname)), 0);
    });
}

TEST(LandlockReading, leaves_nothing_but_reading_below_the_trees) {
    ScratchDir inside, outside;
    inside.make_dir("dir");
    inside.write("dir/file", "x");
    outside.write("file", "x");
    const std::string in = inside.path(), out = outside.path();
    in_own_namespaces(0, [&] {
        const auto open_file = open_at(outside.dir(), "file", O_RDWR).value();
        ASSERT_EQ(set_no_new_privileges_raw(), 0);
        auto confined = allow_only_reading({inside.dir()});
        ASSERT_TRUE(confined);
        if (!*confined) return;  // a kernel without Landlock says so
        EXPECT_TRUE(read_file(kHere, in + "/dir/file"));
        EXPECT_TRUE(list_dir(open_dir(kHere, in + "/dir").value()));
        EXPECT_EQ(read_file(kHere, out + "/file").error().errno_value, EACCES);
        EXPECT_EQ(read_file(kHere, "/etc/passwd").error().errno_value, EACCES);
        EXPECT_EQ(open_dir(kHere, "/").error().errno_value, EACCES);
        for (const auto& [what, result] : {std::pair("write", open_at(kHere, in + "/dir/file", O_WRONLY)), std::pair("make", open_at(kHere, in + "/new", O_WRONLY | O_CREAT, 0600)),
                                           std::pair("truncate", open_at(kHere, in + "/dir/file", O_RDWR | O_TRUNC))}) {
            EXPECT_FALSE(result) << what;
        }
        EXPECT_FALSE(remove_file(kHere, in + "/dir/file"));
        EXPECT_FALSE(make_dir(kHere, in + "/d", 0700, IfExists::fail));
        EXPECT_FALSE(make_symlink(kHere, in + "/l", "x"));
        EXPECT_FALSE(rename_at(kHere, in + "/dir/file", kHere, in + "/dir/other"));
        EXPECT_LT(::execl("/bin/true", "true", nullptr), 0);
        EXPECT_TRUE(write_all(open_file, "y")) << "what was open keeps what it can";
    });
}

TEST(LandlockDomain, leaves_every_file_as_it_is_and_keeps_it_from_tracing_who_is_outside) {
    const pid_t parent = ::getpid();
    in_own_namespaces(0, [&] {
        const int entered = enter_landlock_domain_raw();
        if (entered == -EOPNOTSUPP) return;
        ASSERT_EQ(entered, 0);
        EXPECT_TRUE(read_file(kHere, "/etc/passwd"));
        auto pidfd = open_pidfd(parent).value();
        EXPECT_FALSE(take_descriptor(pidfd, 0));
        EXPECT_FALSE(hold_pid(parent));
    });
}

TEST(UserNamespace, ids_are_mapped_as_the_lines_say) {
    in_own_namespaces(0, [] {
        auto proc = open_dir(kHere, "/proc").value();
        auto child = clone_process({.flags = CLONE_NEWUSER, .cgroup = nullptr}).value();
        if (child.pid == 0) {
            for (;;) ::pause();
        }
        ASSERT_TRUE(write_id_maps(proc, child.pid, {IdMapLine{0, 70000, 10}, IdMapLine{5, 80000, 1}}));
        auto words = [&](const char* map) {
            std::string text;
            const auto lines = read_file(proc, fmt::format("{}/{}", child.pid, map)).value();
            for (char c : lines)
                if (c != ' ' || (!text.empty() && text.back() != ' ')) text += c;
            return text;
        };
        EXPECT_EQ(words("uid_map"), "0 70000 10\n");
        EXPECT_EQ(words("gid_map"), "5 80000 1\n");
        EXPECT_FALSE(write_id_maps(proc, child.pid, IdMapLine{0, 1, 1})) << "once";
        ASSERT_TRUE(send_signal(child.pidfd, SIGKILL));
        EXPECT_EQ(reap(child.pidfd)->value, SIGKILL);
    });
}

TEST(UserNamespace, a_mapping_shifts_the_owners_of_a_mount) {
    in_own_namespaces(CLONE_NEWNS, [] {
        ScratchDir scratch;
        scratch.write("file", "x");
        ASSERT_TRUE(change_owner(scratch.dir(), "file", 3, 4));
        auto proc = open_dir(kHere, "/proc").value();
        auto mapping = make_id_mapping(proc, IdMapLine{0, 70000, 100}).value();
        EXPECT_TRUE(is_namespace(mapping));
        EXPECT_FALSE(is_namespace(scratch.dir()));
        auto mount = clone_mount(scratch.dir(), "", Recursion::this_mount).value();
        ASSERT_TRUE(set_attributes(mount, {.set = 0, .user_namespace = &mapping}, Recursion::this_mount));
        EXPECT_EQ(stat_at(mount, "file")->st_uid, 70003U);
        EXPECT_EQ(stat_at(mount, "file")->st_gid, 70004U);
        EXPECT_EQ(stat_at(scratch.dir(), "file")->st_uid, 3U) << "and not those on the disk";
        EXPECT_FALSE(make_id_mapping(proc, IdMapLine{0, 0, 0})) << "an empty map is no map";
    });
}

TEST(UserNamespace, an_identity_map_maps_what_is_mapped_here_to_itself) {
    ScratchDir scratch;
    scratch.write("map", "         0     100000      65536\n     70000          5         1\nnonsense\n");
    EXPECT_EQ(identity_map(scratch.path("map")).value(), "0 0 65536\n70000 70000 1\n");
    scratch.write("map", "");
    EXPECT_FALSE(identity_map(scratch.path("map"))) << "a namespace that maps nobody";
    EXPECT_FALSE(identity_map(scratch.path("none")));
}

TEST(ScopedEffectiveId, makes_files_as_somebody_else_with_every_capability_and_comes_back) {
    in_own_namespaces(0, [] {
        ScratchDir scratch;
        CapabilityBits before, during;
        ASSERT_EQ(get_capabilities_raw(before), 0);
        {
            auto somebody = ScopedEffectiveId::become(70000).value();
            ASSERT_EQ(get_capabilities_raw(during), 0);
            EXPECT_EQ(during.effective, before.effective);
            EXPECT_EQ(own_ids(), std::pair(70000U, 70000U));
            ASSERT_TRUE(make_dir(scratch.dir(), "dir", 0700, IfExists::fail));
            auto moved = std::move(somebody);
            EXPECT_EQ(own_ids().first, 70000U);
        }
        EXPECT_EQ(own_ids(), std::pair(0U, 0U));
        EXPECT_EQ(get_securebits_raw(), 0);
        EXPECT_EQ(stat_at(scratch.dir(), "dir")->st_uid, 70000U);
    });
}

TEST(Become, is_for_good_and_takes_every_group_along) {
    in_own_namespaces(0, [] {
        const gid_t extra = 7;
        ASSERT_EQ(::setgroups(1, &extra), 0);
        ASSERT_TRUE(become(4001, 4002));
        EXPECT_EQ(own_ids(), std::pair(4001U, 4002U));
        EXPECT_EQ(::getgroups(0, nullptr), 0);
        EXPECT_FALSE(become(0, 0));
        EXPECT_NE(::setuid(0), 0);
        CapabilityBits bits;
        ASSERT_EQ(get_capabilities_raw(bits), 0);
        EXPECT_EQ(bits.effective | bits.permitted, 0U);
        EXPECT_FALSE(is_superuser());
        EXPECT_FALSE(is_real_superuser());
    });
}

TEST(Dump, who_forbids_it_is_out_of_the_reach_of_others_of_his_user) {
    in_own_namespaces(0, [] {
        ASSERT_EQ(::prctl(PR_GET_DUMPABLE), 1);
        ASSERT_TRUE(forbid_dump());
        EXPECT_EQ(::prctl(PR_GET_DUMPABLE), 0);
    });
}

TEST(Xattr, is_kept_listed_and_removed) {
    ScratchDir scratch;
    scratch.write("file", "x");
    auto file = open_at(scratch.dir(), "file", O_RDONLY).value();
    EXPECT_FALSE(get_xattr(file, "trusted.one").value().has_value());
    const std::string value("a\0b", 3), large(1000, 'x');
    ASSERT_TRUE(set_xattr(file, "trusted.two", large) && set_xattr(file, "trusted.one", value));
    EXPECT_EQ(get_xattr(file, "trusted.one").value(), value);
    EXPECT_EQ(get_xattr(file, "trusted.two").value(), large);
    EXPECT_EQ(list_xattrs(file).value(), (std::vector<std::string>{"trusted.one", "trusted.two"}));
    for (int i = 0; i < 2; ++i) EXPECT_TRUE(remove_xattr(file, "trusted.one")) << "twice is no error";
    EXPECT_EQ(list_xattrs(file).value(), std::vector<std::string>{"trusted.two"});
    EXPECT_FALSE(set_xattr(file, "nonsense", "x"));
    EXPECT_FALSE(get_xattr(open_at(kHere, "/proc/self/status", O_RDONLY).value(), "trusted.one").value()) << "a file system that has none";
}

TEST(Overwrite, memory_is_written_over_in_place) {
    in_own_namespaces(CLONE_NEWNS, [] {
        ASSERT_EQ(::mount("tmpfs", "/run", "tmpfs", 0, nullptr), 0);
        auto run = open_dir(kHere, "/run").value();
        EXPECT_EQ(overwrite_of(run).value(), Overwrite::in_place);
        EXPECT_TRUE(overwrite_in_place(run)) << "nothing to do";
    });
}

}  // namespace
}  // namespace vs::sys
