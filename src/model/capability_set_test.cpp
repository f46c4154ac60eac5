#include "model/capability_set.hpp"

#include <gtest/gtest.h>
#include <linux/capability.h>

namespace vs::model {
namespace {

TEST(CapabilitySet, knows_names_in_every_spelling) {
    EXPECT_EQ(CapabilitySet::number_of("net_admin"), CAP_NET_ADMIN);
    EXPECT_EQ(CapabilitySet::number_of("CAP_NET_ADMIN"), CAP_NET_ADMIN);
    EXPECT_EQ(CapabilitySet::number_of("Cap_Net_Admin"), CAP_NET_ADMIN);
    EXPECT_EQ(CapabilitySet::number_of("chown"), CAP_CHOWN);
    EXPECT_EQ(CapabilitySet::number_of("checkpoint_restore"), CAP_LAST_CAP);
}

TEST(CapabilitySet, every_number_has_a_name_and_back) {
    for (int number = 0; number <= CAP_LAST_CAP; ++number)
        EXPECT_EQ(CapabilitySet::number_of(CapabilitySet::name_of(number)), number);
    EXPECT_EQ(CapabilitySet::name_of(63), "63") << "a newer kernel may have more";
}

TEST(CapabilitySet, bad_names_get_their_exact_message) {
    const std::pair<std::string_view, std::string_view> rows[] = {
        {"net_admn", "'net_admn' is not a capability; did you mean 'net_admin'?"},
        {"CAP_SYS_ADMINN", "'CAP_SYS_ADMINN' is not a capability; did you mean 'sys_admin'?"},
        {"", "'' is not a capability"},
        {"cap_cap_chown", "'cap_cap_chown' is not a capability"},
        {"all", "'all' is not a capability; did you mean 'kill'?"},
        {"zzzzzz", "'zzzzzz' is not a capability"},
        {"net_admin ", "'net_admin ' is not a capability; did you mean 'net_admin'?"},
    };
    for (auto [name, message] : rows) {
        auto number = CapabilitySet::number_of(name);
        ASSERT_FALSE(number) << name;
        EXPECT_EQ(number.error().code, Code::usage);
        EXPECT_EQ(number.error().message(), message);
    }
}

TEST(CapabilitySet, adds_removes_and_lists_in_order) {
    CapabilitySet set;
    set.add(CAP_NET_RAW);
    set.add(CAP_CHOWN);
    set.add(CAP_KILL);
    set.remove(CAP_KILL);
    EXPECT_TRUE(set.has(CAP_CHOWN));
    EXPECT_FALSE(set.has(CAP_KILL));
    EXPECT_EQ(set.names(), (std::vector<std::string>{"chown", "net_raw"}));
    EXPECT_EQ(CapabilitySet::from_bits(set.bits()), set);
    EXPECT_TRUE(CapabilitySet().names().empty());
}

TEST(CapabilitySet, all_ends_where_it_is_told) {
    EXPECT_EQ(CapabilitySet::all(0).bits(), 1U);
    EXPECT_EQ(CapabilitySet::all(CAP_LAST_CAP).names().size(), CAP_LAST_CAP + 1U);
}

// Fails when a row of the table is turned round: each of these reaches the machine, not the namespace.
TEST(CapabilitySet, a_guest_keeps_what_its_namespace_makes_harmless_and_nothing_else) {
    const int lost[] = {CAP_SYS_MODULE, CAP_SYS_RAWIO, CAP_SYS_TIME, CAP_SYSLOG, CAP_MAC_ADMIN, CAP_MAC_OVERRIDE, CAP_AUDIT_CONTROL,
                        CAP_AUDIT_READ, CAP_BPF, CAP_PERFMON, CAP_CHECKPOINT_RESTORE, CAP_BLOCK_SUSPEND, CAP_WAKE_ALARM};
    auto expected = CapabilitySet::all(CAP_LAST_CAP);
    for (int number : lost) expected.remove(number);
    EXPECT_EQ(CapabilitySet::guest_default().names(), expected.names());
}

}  // namespace
}  // namespace vs::model
