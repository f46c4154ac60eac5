#include "server/blinded.hpp"

#include <gtest/gtest.h>

namespace vs::server {
namespace {

constexpr std::string_view kCeiling = "CapabilityBoundingSet=cap_chown cap_sys_ptrace cap_sys_admin\n";

ShownService shown(std::string_view lines) {
    auto all = parse_shown_services(fmt::format("Id=a.service\nMainPID=0\nSlice=system.slice\n{}", lines));
    return all.size() == 1 ? all[0] : ShownService{};
}

TEST(Blinded, a_service_without_the_right_to_trace_is) {
    EXPECT_FALSE(shown(kCeiling).is_blinded);
    EXPECT_FALSE(shown(fmt::format("User=root\n{}", kCeiling)).is_blinded);
    EXPECT_TRUE(shown(fmt::format("User=ntp\n{}", kCeiling)).is_blinded);
    EXPECT_TRUE(shown(fmt::format("User=\nDynamicUser=yes\n{}", kCeiling)).is_blinded);
    EXPECT_TRUE(shown("CapabilityBoundingSet=cap_chown cap_sys_ptracer\n").is_blinded);
}

TEST(Blinded, one_that_systemd_mounts_a_proc_for_is_left_alone) {
    EXPECT_FALSE(shown("MountAPIVFS=no\nProtectKernelTunables=no\nProtectControlGroups=no\nProtectProc=default\nProcSubset=all\nRootDirectory=\n").has_own_proc);
    for (const auto* line : {"MountAPIVFS=yes", "ProtectKernelTunables=yes", "ProtectControlGroups=yes", "ProtectProc=invisible", "ProcSubset=pid", "RootDirectory=/srv/root"})
        EXPECT_TRUE(shown(line).has_own_proc) << line;
}

TEST(Blinded, services_are_told_apart_by_empty_lines) {
    auto all = parse_shown_services("Id=a.service\nUser=x\nMainPID=7\n\nId=user@1.service\nSlice=user-1.slice\n");
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].main, 7);
    EXPECT_FALSE(all[0].is_session);
    EXPECT_EQ(all[1].name, "user@1.service");
    EXPECT_TRUE(all[1].is_session);
    EXPECT_FALSE(all[1].is_blinded);
}

TEST(Blinded, a_process_is_of_the_service_whose_group_it_is_in) {
    EXPECT_EQ(service_of_cgroup("0::/system.slice/nginx.service\n"), "nginx.service");
    EXPECT_EQ(service_of_cgroup("1:name=systemd:/system.slice/system-a.slice/a@1.service/b\n0::/\n"), "a@1.service");
    EXPECT_EQ(service_of_cgroup("0::/init.scope\n"), "");
    EXPECT_EQ(service_of_cgroup("0::/user.slice/user-1.slice/user@1.service/app.slice/x.service\n"), std::nullopt);
}

// As D-Bus names what it activates.
TEST(Blinded, a_colon_in_the_name_of_a_service_is_part_of_it) {
    EXPECT_EQ(service_of_cgroup("0::/system.slice/system-dbus.slice/dbus-:1.2-org.x@0.service\n"), "dbus-:1.2-org.x@0.service");
    EXPECT_EQ(service_of_cgroup("0::/user.slice/user-1.slice/user@1.service/app.slice/dbus-:1.2-org.x@0.service\n"), std::nullopt);
    EXPECT_EQ(service_of_cgroup("4:cpu,cpuacct:/system.slice/a:b.service\n"), "a:b.service");
}

TEST(Blinded, what_is_no_line_of_groups_tells_of_no_service) {
    for (const char* text : {"", "\n\n", "0", "0:", "0::", ":", "x.service", "0:x.service", "0::/x.services", "0::/x.service.d/y"}) EXPECT_EQ(service_of_cgroup(text), "") << text;
}

TEST(Blinded, what_systemd_says_of_nothing_is_nothing) {
    for (const char* text : {"", "\n\n\n", "no equals sign\n", "User=x\n\nMainPID=7\n"}) EXPECT_TRUE(parse_shown_services(text).empty()) << text;
    EXPECT_EQ(shown("MainPID=99999999999999999999\n").main, 0);
    EXPECT_EQ(shown("MainPID=-1\n").main, 0);
}

TEST(Blinded, an_instance_is_helped_by_its_template) {
    EXPECT_EQ(template_of("a@1.service"), "a@.service");
    EXPECT_EQ(template_of("a.service"), "a.service");
}

}  // namespace
}  // namespace vs::server
