#include "context/view.hpp"

#include <gtest/gtest.h>
#include <sys/mount.h>

namespace vs::context {
namespace {

using Kind = ViewStep::Kind;

sys::MountEntry mount(std::string point, std::string type, std::string root = "/", std::string options = "rw", std::string super = "rw") {
    return {std::move(point), type, type, std::move(root), std::move(options), std::move(super)};
}

const std::vector<sys::MountEntry> kHost = {mount("/", "ext4"), mount("/proc", "proc", "/", "rw,nosuid,nodev,noexec,relatime", "rw,hidepid=invisible,gid=27"),
                                            mount("/proc/sys/fs/binfmt_misc", "autofs"), mount("/dev/mqueue", "mqueue"),
                                            mount("/srv/chroot/proc", "proc")};

std::vector<ViewStep> plan(const std::vector<sys::MountEntry>& mounts, Areas areas, Rights rights = Rights::administrator) {
    auto steps = plan_view(mounts, areas, rights);
    EXPECT_TRUE(steps);
    return steps ? *steps : std::vector<ViewStep>();
}

TEST(View, root_renews_every_proc_with_what_it_was_mounted_with) {
    auto steps = plan(kHost, kProcesses);

    ASSERT_EQ(steps.size(), 2U);
    EXPECT_EQ(steps[0], (ViewStep{.kind = Kind::renew, .path = "/proc", .type = "proc", .options = {{"hidepid", "invisible"}, {"gid", "27"}},
                                  .attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
                                  .carried = {"/proc/sys/fs/binfmt_misc"}}));
    EXPECT_EQ(steps[1].path, "/srv/chroot/proc");
}

TEST(View, groups_that_are_mounted_anew_and_all_others_in_sight_are_read_only) {
    const std::vector<sys::MountEntry> mounts = {mount("/sys/fs/cgroup", "tmpfs"), mount("/sys/fs/cgroup/cpu", "cgroup", "/", "rw", "rw,cpu"),
                                                 mount("/sys/fs/cgroup/unified", "cgroup2"), mount("/sys/fs/cgroup/unified", "cgroup2")};
    std::vector<ViewStep> plain;
    protect_groups(mounts, plain);
    ASSERT_EQ(plain.size(), 2U);
    EXPECT_EQ(plain[0], (ViewStep{.kind = Kind::protect, .path = "/sys/fs/cgroup/cpu", .type = "cgroup"}));
    EXPECT_EQ(plain[1].path, "/sys/fs/cgroup/unified");

    auto renewed = plan(mounts, kCgroups, Rights::user);
    protect_groups(mounts, renewed);
    ASSERT_EQ(renewed.size(), 2U);
    for (const auto& step : renewed) {
        EXPECT_EQ(step.kind, Kind::cover);
        EXPECT_TRUE((step.attributes & MOUNT_ATTR_RDONLY) != 0);
    }
}

TEST(View, a_user_covers_and_carries_nothing) {
    for (const auto& step : plan(kHost, kProcesses | kIpc, Rights::user)) {
        EXPECT_EQ(step.kind, Kind::cover);
        EXPECT_TRUE(step.carried.empty());
    }
}

TEST(View, each_area_renews_its_own) {
    EXPECT_TRUE(plan(kHost, kFiles | kNames | kUsers | kTime).empty());
    auto steps = plan(kHost, kIpc);
    ASSERT_EQ(steps.size(), 1U);
    EXPECT_EQ(steps[0].path, "/dev/mqueue");
}

TEST(View, of_two_procs_at_one_place_none_is_left_below) {
    auto steps = plan({mount("/proc", "proc"), mount("/proc", "proc")}, kProcesses);

    ASSERT_EQ(steps.size(), 2U);
    EXPECT_EQ(steps[0].kind, Kind::remove);
    EXPECT_EQ(steps[1].kind, Kind::renew);
}

TEST(View, what_shows_one_process_or_leads_back_is_removed) {
    const std::vector<sys::MountEntry> mounts = {mount("/mnt/p", "proc", "/123/fd"), mount("/run/x", "nsfs", "mnt:[4026531841]"),
                                                 mount("/run/netns/n", "nsfs", "net:[4026532000]"), mount("/jail/proc/sys", "proc", "/sys")};
    auto steps = plan(mounts, kProcesses);

    ASSERT_EQ(steps.size(), 2U);
    EXPECT_EQ(steps[0].path, "/run/x");
    EXPECT_EQ(steps[1].path, "/mnt/p");
    EXPECT_FALSE(plan_view(mounts, kProcesses, Rights::user));
    EXPECT_TRUE(plan_view({mounts.begin() + 1, mounts.end()}, kProcesses, Rights::user));
}

TEST(View, a_mask_of_the_kernels_switches_is_carried_and_a_process_is_not) {
    auto steps = plan({mount("/proc", "proc"), mount("/proc/sys", "proc", "/sys", "ro"), mount("/proc/sys/net", "proc", "/sys/net"),
                       mount("/proc/7", "proc", "/7")},
                      kProcesses);

    EXPECT_EQ(steps.back().carried, std::vector<std::string>{"/proc/sys"});
    EXPECT_EQ(steps.front().path, "/proc/7");
}

TEST(View, version_1_hierarchies_keep_their_controllers_and_order) {
    auto steps = plan({mount("/sys/fs/cgroup", "tmpfs"), mount("/sys/fs/cgroup/memory", "cgroup", "/", "rw", "rw,memory"),
                       mount("/sys/fs/cgroup/systemd", "cgroup", "/", "rw", "rw,name=systemd")},
                      kCgroups);

    ASSERT_EQ(steps.size(), 2U);
    EXPECT_EQ(steps[0].options, (std::vector<std::pair<std::string, std::string>>{{"memory", ""}}));
    EXPECT_EQ(steps[1].options, (std::vector<std::pair<std::string, std::string>>{{"name", "systemd"}}));
}

}  // namespace
}  // namespace vs::context
