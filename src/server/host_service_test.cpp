#include "server/host_service.hpp"

#include <gtest/gtest.h>

namespace vs::server {
namespace {

TEST(HostUnit, a_service_has_its_whole_name) {
    EXPECT_EQ(host_unit("nginx").value(), "nginx.service");
    EXPECT_EQ(host_unit("nginx.service").value(), "nginx.service");
    EXPECT_EQ(host_unit("postgresql@15-main").value(), "postgresql@15-main.service");
}

TEST(HostUnit, nothing_else_is_one) {
    for (const char* name : {"", "-x", ".x", "../x", "a/b", "a b", "a\nb", "ssh.socket", "multi-user.target", "a;b"}) {
        auto unit = host_unit(name);
        ASSERT_FALSE(unit) << name;
        EXPECT_EQ(unit.error().code, Code::usage) << name;
    }
}

TEST(HostUnit, ours_are_left_alone) {
    for (const char* name : {"vservers", "vservers.service", "vserver-lock@1", "vserver@web"}) {
        auto unit = host_unit(name);
        ASSERT_FALSE(unit) << name;
        EXPECT_EQ(unit.error().code, Code::denied) << name;
    }
}

TEST(HostService, the_drop_in_locks_the_group_before_the_service_starts) {
    EXPECT_EQ(host_service_text("nginx.service", {"192.0.2.7", "2001:db8::7"}, "/usr/libexec/vserver/vserver-lock"),
              "# Made by 'vserver host-service nginx.service'; 'vserver host-service nginx.service --undo' takes it away.\n"
              "[Unit]\nWants=network-online.target\nAfter=network-online.target\n\n"
              "[Service]\nExecStartPre=+/usr/libexec/vserver/vserver-lock --group 192.0.2.7 2001:db8::7\n");
}

}  // namespace
}  // namespace vs::server
