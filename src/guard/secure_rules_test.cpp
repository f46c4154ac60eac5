// The rules of secure-host chain by chain: each is a wall of its own, behind which something else stands in the loaded rules. So that this
// one is seen to hold, all others let everything through here.

#include "guard/secure_rules.hpp"

#include <fcntl.h>

#include <chrono>

#include "guard/own_machine.hpp"
#include "sys/file.hpp"
#include "sys/probe.hpp"

namespace vs::guard {
namespace {

constexpr const char *kMain = "192.0.2.1", *kMain6 = "2001:db8::1", *kBehind = "198.51.100.2", *kBehind6 = "2001:db8:1::2";

/// Every chain but `wall` ("inet forward") lets through whatever its rules do not.
std::string with_one_wall(Layout layout, std::string_view wall) {
    std::string text(kNoSecureRules);
    for (const auto& [family, table] : rules_of(layout).tables()) {
        std::string one(table);
        for (auto at = one.find("\tchain "); at != one.npos; at = one.find("\tchain ", at + 1)) {
            const auto name = one.substr(at + 7, one.find(' ', at + 7) - at - 7);
            const auto policy = one.find("policy drop", at);
            if (fmt::format("{} {}", family, name) != wall) one.replace(policy, 11, "policy accept");
        }
        text += one;
    }
    return text;
}

void load(const std::string& rules) {
    const auto loaded = sys::run_checked({"nft", "-f", "-"}, {.input = rules});
    ASSERT_TRUE(loaded) << loaded.error().message();
}

/// A machine with two cards that forwards, and on the wire of each somebody who knows all neighbours. `second` is the name of the second card.
void between_two_wires(const std::string& second, const std::function<void(sys::FdRef)>& body) {
    on_own_machine([&](const storage::Store&) {
        shell(fmt::format(
            "mkdir -p /run/netns; sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv6.conf.default.accept_dad=0\n"
            "for end in 'wire eth0 192.0.2 2001:db8:' 'other {} 198.51.100 2001:db8:1:'; do set -- $end\n"
            "  ip netns add $1; ip link add $2 address 02:00:00:00:00:01 type veth peer name far address 02:00:00:00:00:02 netns $1\n"
            "  for at in '1 02' '2 01'; do set -- $1 $2 $3 $4 $at\n"
            "    if [ $5 = 1 ]; then ip=ip device=$2 peer=2; else ip=\"ip -n $1\" device=far peer=1; fi\n"
            "    $ip link set $device up; $ip address add $3.$5/24 dev $device; $ip address add $4:$5/64 dev $device nodad\n"
            "    for address in $3.$peer $4:$peer; do $ip neighbour replace $address lladdr 02:00:00:00:00:$6 dev $device nud permanent; done\n"
            "  done\n"
            "  ip -n $1 route add default via $3.1; ip -n $1 route add default via $4:1\n"
            "done",
            second));
        const auto wire = sys::open_at(sys::kHere, "/run/netns/wire", O_RDONLY).value();
        body(wire);
    });
}

/// Who of those that somebody on the first wire pings answers.
std::string answers(sys::FdRef wire, const std::vector<std::string>& asked) {
    using Kind = sys::Probe::Kind;
    std::vector<sys::Probe> probes;
    for (const auto& address : asked) probes.push_back({Kind::echo, address, 0});
    std::string text;
    const auto answered = sys::answered(wire, probes, std::chrono::milliseconds(400));
    EXPECT_TRUE(answered) << answered.error().message();
    for (const auto& probe : *answered) text += probe.address + " ";
    return text;
}

TEST(SecureRules, each_chain_is_a_wall_though_all_others_were_open) {
    between_two_wires("eth1", [](sys::FdRef wire) {
        const std::vector<std::string> everybody = {kMain, kMain6, kBehind, kBehind6};
        const auto all = fmt::format("{} {} {} {} ", kMain, kMain6, kBehind, kBehind6), behind = fmt::format("{} {} ", kBehind, kBehind6), main = fmt::format("{} {} ", kMain, kMain6);
        struct Case {
            const char* wall;
            std::string given_away, behind_rules;  ///< who answers still
        };
        for (const auto& [wall, given_away, around] : {Case{"none", all, all}, Case{"inet arrive", "", behind}, Case{"inet input", behind, behind}, Case{"inet output", behind, behind},
                                                       Case{"inet forward", main, main}}) {
            load(with_one_wall(Layout::given_away, wall));
            EXPECT_EQ(answers(wire, everybody), given_away) << wall;
            load(with_one_wall(Layout::behind_rules, wall));
            EXPECT_EQ(answers(wire, everybody), around) << wall;
        }
        load(std::string(kNoSecureRules));
        EXPECT_EQ(answers(wire, everybody), all);
    });
}

TEST(SecureRules, as_they_are_loaded_they_forward_for_servers_and_for_nobody_else) {
    for (const auto& [second, answered] : {std::pair<std::string, std::string>{"eth1", ""}, {"vs-7", fmt::format("{} {} ", kBehind, kBehind6)}, {"veth-vs-", ""}})
        between_two_wires(second, [&](sys::FdRef wire) {
            load(secure_rules(Layout::behind_rules));
            EXPECT_EQ(answers(wire, {kMain, kMain6, kBehind, kBehind6}), answered) << second;
            load(secure_rules(Layout::given_away));
            EXPECT_EQ(answers(wire, {kMain, kMain6, kBehind, kBehind6}), "") << second;
        });
}

TEST(SecureRules, neighbours_are_answered_for_the_addresses_in_the_set_alone) {
    between_two_wires("vs-7", [](sys::FdRef wire) {
        const auto ask = [&] {
            shell("ip -n wire neighbour flush dev far; ip -n wire neighbour flush nud permanent dev far");
            return answers(wire, {kMain});
        };
        const auto answered = fmt::format("{} ", kMain);
        for (const char* wall : {"arp input", "arp output"})
            for (auto layout : {Layout::given_away, Layout::behind_rules}) {
                load(with_one_wall(layout, wall));
                EXPECT_EQ(ask(), "") << wall;
                if (layout == Layout::given_away) continue;
                shell(fmt::format("nft 'add element arp vserver_secure servers {{ {} }}'", kMain));
                EXPECT_EQ(ask(), answered) << wall;
            }
        load(with_one_wall(Layout::given_away, "none"));
        EXPECT_EQ(ask(), answered);
    });
}

// What is loaded is compared with the text, byte by byte, and a boot begins with it, whatever was there.
TEST(SecureRules, nft_prints_what_it_was_given_and_loading_twice_is_loading_once) {
    on_own_machine([](const storage::Store&) {
        for (auto layout : {Layout::behind_rules, Layout::given_away, Layout::given_away, Layout::behind_rules}) {
            load(secure_rules(layout));
            for (const auto& [family, text] : rules_of(layout).tables())
                EXPECT_EQ(sys::run_checked({"nft", "--stateless", "--terse", "list", "table", family, "vserver_secure"}, {}).value(), text);
        }
        load(std::string(kNoSecureRules));
        EXPECT_EQ(sys::run_checked({"nft", "list", "tables"}, {}).value(), "");
    });
}

}  // namespace
}  // namespace vs::guard
