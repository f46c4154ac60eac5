#include "guard/prove.hpp"

#include <gtest/gtest.h>

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

TEST(Prove, reads_what_nmap_found) {
    constexpr std::string_view kReport =
        "# Nmap 7.93 scan\nHost: 10.77.0.2 ()\tStatus: Up\n"
        "Host: 10.77.0.2 ()\tPorts: 22/open/tcp//ssh///, 80/closed/tcp//http///, 53/open|filtered/udp/////\tIgnored State: closed (65532)\n";
    EXPECT_EQ(open_on_wire(kReport), (Texts{"10.77.0.2 22/tcp", "10.77.0.2 53/udp"}));
    EXPECT_TRUE(open_on_wire("Host: \nHost: x\tPorts: \nPorts: 1/open/tcp\n").empty());
}

}  // namespace
}  // namespace vs::guard
