#include <gtest/gtest.h>
#include <vserver/vserver.h>

#include <cerrno>
#include <cstring>

namespace {

TEST(Capabilities, have_numbers_and_names) {
    EXPECT_EQ(vserver_capability("CAP_NET_ADMIN"), 12);
    EXPECT_STREQ(vserver_capability_name(12), "net_admin");
    EXPECT_EQ(vserver_capability_name(64), nullptr);
    EXPECT_EQ(vserver_capability_name(-1), nullptr);
}

TEST(Capabilities, an_unknown_one_is_an_error_with_a_sentence) {
    EXPECT_EQ(vserver_capability("net_admn"), -EINVAL);
    EXPECT_STREQ(vserver_message(), "'net_admn' is not a capability; did you mean 'net_admin'?");
    EXPECT_EQ(vserver_capability(nullptr), -EINVAL);
}

TEST(Capabilities, the_secure_ones_neither_administer_nor_trace) {
    const auto secure = vserver_secure_capabilities();
    for (const char* name : {"sys_admin", "sys_ptrace", "sys_module", "net_admin", "net_raw", "mknod", "bpf", "dac_read_search"})
        EXPECT_EQ(secure >> vserver_capability(name) & 1, 0U) << name;
    for (const char* name : {"chown", "setuid", "setgid", "kill", "net_bind_service"})
        EXPECT_EQ(secure >> vserver_capability(name) & 1, 1U) << name;
    EXPECT_EQ(secure & ~vserver_all_capabilities(), 0U);
}

TEST(Ceiling, a_structure_is_judged_by_its_size) {
    EXPECT_EQ(vserver_set_ceiling(nullptr), -EINVAL);
    vserver_ceiling none{};
    EXPECT_EQ(vserver_set_ceiling(&none), -EINVAL);

    struct {
        vserver_ceiling known = VSERVER_INIT_CEILING;
        std::uint64_t wish = 1;
    } newer;
    newer.known.size = sizeof newer;
    EXPECT_EQ(vserver_set_ceiling(&newer.known), -E2BIG);
}

TEST(Ceiling, an_unknown_flag_is_refused) {
    vserver_ceiling ceiling = VSERVER_INIT_CEILING;
    ceiling.flags = 0x80000000U;
    EXPECT_EQ(vserver_set_ceiling(&ceiling), -EINVAL);
    EXPECT_EQ(vserver_exit_status(), 125);
}

}  // namespace
