#include "guard/prove.hpp"

#include <gtest/gtest.h>

#include "base/dice.hpp"
#include "guard/ways_past.hpp"

namespace vs::guard {
namespace {

using Texts = std::vector<std::string>;

TEST(Prove, names_protocols_that_nothing_else_looks_at) {
    constexpr std::string_view kTable =
        "protocol  size sockets  memory press maxhdr  slab module     cl co\n"
        "SCTP      1240      2      -1   NI       0   yes  sctp       y  n\n"
        "PACKET    1600      7      -1   NI       0   no   kernel     n  n\n"
        "XDP       1088      0      -1   NI       0   no   kernel     n  n\n";
    EXPECT_EQ(other_protocols(kTable), Texts{"2 of SCTP"});
}

TEST(Prove, counts_raw_sockets_of_both_families_and_no_others) {
    EXPECT_EQ(raw_sockets("protocol  size sockets  memory\nRAW 1152 2 -1\nRAWv6 1344 3 -1\nRAWX 1 7 -1\nPING 1 7 -1\nUDP 1 7 -1\n"), 5U);
    for (const char* table : {"", "RAW", "RAW 1152", "RAW 1152 x", "RAW 1152 0 -1"}) EXPECT_EQ(raw_sockets(table), 0U) << table;
}

TEST(Prove, says_in_the_log_what_it_found_and_of_which_document) {
    Proof proof{.verdict = Verdict::changed, .weaknesses = {{"device", "'x' is there"}}, .unknown = {{"rules", "no nft"}}, .evidence = {}, .when = "T"};
    EXPECT_EQ(proof_note(proof, "abc"), "secure-host prove: REACHABLE at T, sha256 of guard/proof abc; device: 'x' is there; rules unknown: no nft");
    proof.weaknesses[0].detail.assign(1 << 20, 'x');
    EXPECT_LT(proof_note(proof, "abc").size(), std::size_t{65536});
}

TEST(Prove, finds_abstract_names_once) {
    constexpr std::string_view kTable =
        "Num       RefCount Protocol Flags    Type St Inode Path\n"
        "0000: 00000002 00000000 00010000 0001 01 1 @/tmp/x\n"
        "0000: 00000003 00000000 00000000 0001 03 2 @/tmp/x\n"
        "0000: 00000002 00000000 00010000 0001 01 3 /run/y\n"
        "0000: 00000002 00000000 00000000 0002 01 4\n";
    EXPECT_EQ(abstract_names(kTable), Texts{"/tmp/x"});
}

TEST(Prove, names_who_takes_packets_that_are_not_of_ip) {
    constexpr std::string_view kTable =
        "Type Device      Function\nALL  eth0     packet_rcv\n88f7          tpacket_rcv\n0800          ip_rcv\n0004          llc_rcv\n0806          arp_rcv\n86dd          ipv6_rcv\n";
    EXPECT_EQ(other_packet_takers(kTable), (Texts{"packet_rcv takes packets of type ALL on eth0 past every rule", "tpacket_rcv takes packets of type 88f7 past every rule"}));
    // A kernel with modules says of which one a function is.
    constexpr std::string_view kModules =
        "0004          llc_rcv [llc]\n86dd          ipv6_rcv [ipv6]\n0800          ip_rcv [evil]\n8864 eth0     pppoe_rcv [pppoe]\n0800 ip_rcv   evil_rcv\n0800          [evil]\n";
    EXPECT_EQ(other_packet_takers(kModules), (Texts{"ip_rcv [evil] takes packets of type 0800 past every rule", "pppoe_rcv [pppoe] takes packets of type 8864 on eth0 past every rule",
                                                    "evil_rcv takes packets of type 0800 on ip_rcv past every rule", "[evil] takes packets of type 0800 past every rule"}));
}

TEST(Prove, takes_a_refusal_on_the_wire_for_an_answer) {
    constexpr std::string_view kReport =
        "Host: 10.77.0.2 ()\tStatus: Up\nHost: 10.77.0.2 ()\tPorts: 22/filtered/tcp//ssh///\tIgnored State: open|filtered (9)\n"
        "Host: 10.77.0.3 ()\tPorts: 22/filtered/tcp//ssh///\tIgnored State: closed (99)\n"
        "Host: 10.77.0.4 ()\tPorts: 9/closed/tcp/////\nHost: 10.77.0.50 ()\tPorts: 80/open/tcp//http///\n";
    EXPECT_EQ(answers_on_wire(kReport, {"10.77.0.50"}), (Texts{"10.77.0.3", "10.77.0.4"}));
    EXPECT_EQ(answers_on_wire(kReport, {}), (Texts{"10.77.0.3", "10.77.0.4", "10.77.0.50"}));
}

TEST(Prove, reads_what_nmap_found) {
    constexpr std::string_view kReport =
        "# Nmap 7.93 scan\nHost: 10.77.0.2 ()\tStatus: Up\n"
        "Host: 10.77.0.2 ()\tPorts: 22/open/tcp//ssh///, 80/closed/tcp//http///, 53/open|filtered/udp/////\tIgnored State: closed (65532)\n";
    EXPECT_EQ(open_on_wire(kReport), (Texts{"10.77.0.2 22/tcp", "10.77.0.2 53/udp"}));
    EXPECT_TRUE(open_on_wire("Host: \nHost: x\tPorts: \nPorts: 1/open/tcp\n").empty());
}

TEST(Prove, an_abstract_name_is_everything_behind_the_at_sign) {
    const std::string head = "Num       RefCount Protocol Flags    Type St Inode Path\n", line = "0000000000000000: 00000002 00000000 00010000 0001 01 ";
    struct Case { const char* rest; Texts names; };
    for (const auto& [rest, names] : {Case{"12345 @a b", {"a b"}}, Case{"    1 @short", {"short"}}, Case{"1 @", {""}}, Case{"1 @ leading", {" leading"}}, Case{"1 @trailing ", {"trailing "}},
                                      Case{"1 @a@b", {"a@b"}}, Case{"1 /run/@x", {}}, Case{"1", {}}, Case{"1 ", {}}, Case{"", {}}})
        EXPECT_EQ(abstract_names(head + line + rest + "\n"), names) << rest;
}

TEST(Prove, tables_that_are_damaged_are_read_as_far_as_they_go) {
    base::Dice dice(1);
    const std::string protocols = "protocol  size sockets\nSCTP      1240      2      -1\nVSOCK 1 4 x\n", report = "Host: 10.77.0.2 ()\tPorts: 22/open/tcp//ssh///, 80/open/tcp//http///\tIgnored\n";
    for (int i = 0; i < 1000; ++i) {
        EXPECT_LE(other_protocols(dice.damage(protocols)).size(), 2U);
        EXPECT_LE(open_on_wire(dice.damage(report)).size(), 3U);
        (void)abstract_names(dice.damage("0: 0 0 0 1 1 1 @/tmp/x\n"));
    }
    EXPECT_EQ(other_protocols("A\nB 1\nC 1 x\nD 1 0\nE 1 1\n"), Texts{"1 of E"});
}

TEST(Prove, each_verdict_has_its_word) {
    EXPECT_EQ(proof_name(Verdict::ok), "UNREACHABLE");
    EXPECT_EQ(proof_name(Verdict::changed), "REACHABLE");
    EXPECT_EQ(proof_name(Verdict::unknown), "UNKNOWN");
    EXPECT_EQ(proof_note({.verdict = Verdict::ok, .weaknesses = {}, .unknown = {}, .evidence = {}, .when = "T"}, "d"), "secure-host prove: UNREACHABLE at T, sha256 of guard/proof d");
}

}  // namespace
}  // namespace vs::guard
