// The proof of a secured machine from which one piece of evidence after the other is taken away, alone: each has its own weakness, and
// once it is back nothing speaks against the machine. What needs servers that run: tests/system/secure_host*.bats.

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>

#include "guard/own_machine.hpp"
#include "guard/prove.hpp"
#include "guard/secure_host.hpp"
#include "guard/secure_record.hpp"
#include "sys/file.hpp"

namespace vs::guard {
namespace {

/// "REACHABLE; device: ...; unknown rules", without reasons.
std::string told(const storage::Store& store, std::string_view wire = "") {
    const auto proof = prove_secure_host(store, wire);
    if (!proof) return proof.error().message();
    std::string text(proof_name(proof->verdict));
    for (const auto& [subject, detail] : proof->weaknesses) text += "; " + subject + ": " + detail;
    for (const auto& unknown : proof->unknown) text += "; unknown " + unknown.path;
    return text;
}

struct Weakening {
    const char* done;
    const char* undone;
    const char* told;
};
void expect(const storage::Store& store, const std::vector<Weakening>& weakenings) {
    ASSERT_EQ(told(store), "UNREACHABLE");
    for (const auto& [done, undone, expected] : weakenings) {
        shell(done);
        EXPECT_EQ(told(store), expected) << done;
        shell(undone);
        EXPECT_EQ(told(store), "UNREACHABLE") << undone;
    }
}

/// Its device stays, behind the rules that apply has loaded.
void behind_rules(const std::function<void(const storage::Store&)>& body) {
    on_own_machine([&](const storage::Store& store) {
        server::PluggedDevice eth0("eth0", 10);
        eth0.add("192.0.2.1/24");
        const auto plan = plan_behind_rules(store, Console::asserted);
        ASSERT_TRUE(plan) << plan.error().message();
        const auto applied = apply_secure_host(store, *plan);
        ASSERT_TRUE(applied) << applied.error().message();
        body(store);
    });
}

/// Its device was given to a server, which does not run: so it is parked. The steps of apply but for the start of that server.
void given_away(const std::function<void(const storage::Store&)>& body) {
    on_own_machine([&](const storage::Store& store) {
        server::PluggedDevice eth0("eth0", 10);
        shell("mkdir -p /etc/vservers /var/lib/vservers/servers/web /var/lib/vservers/guard\n"
              "printf 'image = \"debian-1\"\\n[network]\\nkind = \"none\"\\n[[device]]\\nname = \"eth0\"\\n' >/etc/vservers/web.toml\n"
              "echo '{\"number\": 7, \"uuid\": \"u\", \"image\": \"debian-1\", \"created\": \"2026-01-02T03:04:05Z\"}' >/var/lib/vservers/servers/web/record.json");
        ASSERT_TRUE(write_secure_record(store, {.layout = Layout::given_away, .server = "web", .devices = {{.name = "eth0", .addresses = {}, .gateways = {}}}}));
        const auto rules = secure_rules(Layout::given_away);
        ASSERT_TRUE(sys::replace_file(sys::open_dir(sys::kHere, store.path() + "/guard").value(), "secure-host.nft", rules, 0600, sys::Durability::volatile_));
        ASSERT_TRUE(sys::run_checked({"nft", "-f", "-"}, {.input = rules}));
        const auto caught = catch_devices(store);
        ASSERT_TRUE(caught) << caught.error().message();
        ASSERT_EQ(*caught, std::vector<std::string>{"eth0"});
        body(store);
    });
}

constexpr const char* kReload = "nft -f /var/lib/vservers/guard/secure-host.nft";
constexpr const char *kWithoutNft = "mount --bind /dev/null /usr/sbin/nft", *kWithNft = "umount /usr/sbin/nft";

TEST(ProveWeakened, behind_rules_each_piece_of_evidence_counts) {
    behind_rules([](const storage::Store& store) {
        expect(store, {
            {"ip link add weak0 type veth peer name weak1", "ip link delete weak0",
             "REACHABLE; device: 'weak1' has come since the rules were laid; 'vserver secure-host undo' and 'apply' look at it"
             "; device: 'weak0' has come since the rules were laid; 'vserver secure-host undo' and 'apply' look at it"},
            {"sed -i 's/\"devices\": \\[/&{\"name\": \"weak0\"},/' /var/lib/vservers/guard/secure-host.json; ip link add weak0 link eth0 type macvlan",
             "sed -i 's/{\"name\": \"weak0\"},//' /var/lib/vservers/guard/secure-host.json; ip link delete weak0",
             "REACHABLE; device: 'weak0' has come since the rules were laid; 'vserver secure-host undo' and 'apply' look at it"},
            {"ip link add weak0 type bridge; ip link set eth0 master weak0", "ip link delete weak0",
             "REACHABLE; device: 'weak0' has come since the rules were laid; 'vserver secure-host undo' and 'apply' look at it"
             "; device: 'eth0' has become part of another device"},
            {"ip address add 192.0.2.9/24 dev eth0", "ip address delete 192.0.2.9/24 dev eth0", "REACHABLE; address: the main environment has 192.0.2.9/24"},
            {"ip address add 192.0.2.1/32 dev lo", "ip address delete 192.0.2.1/32 dev lo", "REACHABLE; address: the main environment has 192.0.2.1/32"},
            {"ip address add fe80::7/64 dev lo", "ip address delete fe80::7/64 dev lo", "REACHABLE; address: the main environment has fe80::7/64"},
            {"ip address add fe80::7/64 dev eth0 nodad", "ip address delete fe80::7/64 dev eth0", "UNREACHABLE"},
            {"nft delete table inet vserver_secure", kReload, "REACHABLE; rules: the table 'inet vserver_secure' is not loaded"},
            {"nft delete table arp vserver_secure", kReload, "REACHABLE; rules: the table 'arp vserver_secure' is not loaded"},
            {"nft insert rule inet vserver_secure forward accept", kReload,
             "REACHABLE; rules: the table 'inet vserver_secure' is not as it was loaded; 'vserver secure-host resume' loads it again"},
            {"nft 'add chain arp vserver_secure output { policy accept; }'", kReload,
             "REACHABLE; rules: the table 'arp vserver_secure' is not as it was loaded; 'vserver secure-host resume' loads it again"},
            {"mv /var/lib/vservers/guard/secure-host.nft /run/kept", "mv /run/kept /var/lib/vservers/guard/secure-host.nft",
             "REACHABLE; boot: /var/lib/vservers/guard/secure-host.nft does not have the rules for the next boot"},
            {"sed -i '$d' /var/lib/vservers/guard/secure-host.nft", "echo '}' >>/var/lib/vservers/guard/secure-host.nft",
             "REACHABLE; boot: /var/lib/vservers/guard/secure-host.nft does not have the rules for the next boot"},
            {"nft 'add element arp vserver_secure servers { 192.0.2.7 }'", "nft 'flush set arp vserver_secure servers'",
             "REACHABLE; neighbour: neighbours are answered for 192.0.2.7, which no running server has"},
            {"nft 'add element inet vserver_secure servers { 0x20010db8000000000000000000000007 }'", "nft 'flush set inet vserver_secure servers'",
             "REACHABLE; neighbour: neighbours are answered for 2001:db8::7, which no running server has"},
            {"ip neighbour add proxy 192.0.2.7 dev eth0", "ip neighbour delete proxy 192.0.2.7 dev eth0",
             "REACHABLE; neighbour: there is a proxy entry for 192.0.2.7, which no running server has"},
            {"ip neighbour add proxy 2001:db8::7 dev eth0", "ip neighbour delete proxy 2001:db8::7 dev eth0",
             "REACHABLE; neighbour: there is a proxy entry for 2001:db8::7, which no running server has"},
            {"nft 'add table netdev early { chain first { type filter hook ingress device eth0 priority 0; }; }'", "nft delete table netdev early",
             "REACHABLE; hook: the chain netdev early/first on eth0 sees packets before every rule"},
            {"nft 'add table ip early { chain first { type filter hook prerouting priority -451; }; }'", "nft delete table ip early",
             "REACHABLE; hook: the chain ip early/first sees packets before every rule"},
            {"nft 'add table ip early { chain first { type filter hook prerouting priority -449; }; }'", "nft delete table ip early", "UNREACHABLE"},
            {"tc qdisc add dev eth0 clsact", "tc qdisc delete dev eth0 clsact", "REACHABLE; hook: 'eth0' has filters of tc where packets come in, before every rule"},
        });
    });
}

TEST(ProveWeakened, given_away_each_piece_of_evidence_counts) {
    given_away([](const storage::Store& store) {
        expect(store, {
            {"ip link add weak0 type veth peer name weak1", "ip link delete weak0",
             "REACHABLE; device: 'weak1' is in the main environment; 'vserver secure-host catch' takes it out"
             "; device: 'weak0' is in the main environment; 'vserver secure-host catch' takes it out"},
            {"nsenter --net=/run/vservers/.parked ip link set eth0 name other", "nsenter --net=/run/vservers/.parked ip link set other name eth0", "UNKNOWN; unknown devices"},
            {"ip address add 192.0.2.1/32 dev lo", "ip address delete 192.0.2.1/32 dev lo", "REACHABLE; address: the main environment has 192.0.2.1/32"},
            {"ip address add fe80::7/64 dev lo", "ip address delete fe80::7/64 dev lo", "REACHABLE; address: the main environment has fe80::7/64"},
            {"ip address add 127.0.0.9/32 dev lo", "ip address delete 127.0.0.9/32 dev lo", "UNREACHABLE"},
            {"nft delete table inet vserver_secure", kReload, "REACHABLE; rules: the table 'inet vserver_secure' is not loaded"},
            {"nft delete table arp vserver_secure", kReload, "REACHABLE; rules: the table 'arp vserver_secure' is not loaded"},
            {"nft insert rule inet vserver_secure input accept", kReload,
             "REACHABLE; rules: the table 'inet vserver_secure' is not as it was loaded; 'vserver secure-host resume' loads it again"},
            {"sed -i s/eth0/eth1/ /etc/vservers/web.toml", "sed -i s/eth1/eth0/ /etc/vservers/web.toml",
             "REACHABLE; boot: the settings of 'web' do not have the device 'eth0' any more"},
            {"mv /etc/vservers/web.toml /run/kept", "mv /run/kept /etc/vservers/web.toml", "UNKNOWN; unknown boot"},
            {"mv /var/lib/vservers/guard/secure-host.nft /run/kept", "mv /run/kept /var/lib/vservers/guard/secure-host.nft",
             "REACHABLE; boot: /var/lib/vservers/guard/secure-host.nft does not have the rules for the next boot"},
        });
    });
}

TEST(ProveWeakened, what_cannot_be_found_out_is_unknown_and_never_better_than_a_weakness) {
    behind_rules([](const storage::Store& store) {
        expect(store, {
            {kWithoutNft, kWithNft, "UNKNOWN; unknown rules"},
            {"mkdir -p /run/netns; touch /run/netns/x; unshare --net=/run/netns/x true; mount --bind /run/netns/x /run/netns/x; mount --bind /dev/null /run/netns/x",
             "umount /run/netns/x; umount /run/netns/x; umount /run/netns/x", "UNKNOWN; unknown networks"},
        });
        shell(fmt::format("{}; ip address add 192.0.2.9/24 dev eth0", kWithoutNft));
        EXPECT_EQ(told(store), "REACHABLE; address: the main environment has 192.0.2.9/24; unknown rules");
    });
}

TEST(ProveWeakened, where_systemd_runs_it_is_to_load_the_rules) {
    if (!sys::exists(sys::kHere, "/usr/bin/systemctl").value()) GTEST_SKIP() << "there is no systemctl";
    behind_rules([](const storage::Store& store) {
        expect(store, {{"mkdir -p /run/systemd/system", "rm -r /run/systemd", "REACHABLE; boot: vserver-secure-host.service is not enabled"}});
    });
}

TEST(ProveWeakened, on_the_wire_an_answer_of_nobodys_counts_and_behind_rules_a_refusal_does_too) {
    const char *open = "Host: 192.0.2.1 ()\tPorts: 9/open/tcp//x///\n", *closed = "Host: 192.0.2.1 ()\tPorts: 9/closed/tcp//x///\n", *silent = "Host: 192.0.2.1 ()\tPorts: 9/filtered/tcp//x///\n";
    behind_rules([&](const storage::Store& store) {
        EXPECT_EQ(told(store, silent), "UNREACHABLE");
        EXPECT_EQ(told(store, closed), "REACHABLE; wire: 192.0.2.1 answers, and no server has it");
        EXPECT_EQ(told(store, open), "REACHABLE; wire: 192.0.2.1 answers, and no server has it; wire: 192.0.2.1 9/tcp answers, and no server listens there");
    });
    given_away([&](const storage::Store& store) {
        EXPECT_EQ(told(store, closed), "UNREACHABLE") << "it is the server that refuses";
        EXPECT_EQ(told(store, open), "REACHABLE; wire: 192.0.2.1 9/tcp answers, and no server listens there");
    });
}

/// Bound to the address of that family, and listening where it can.
sys::SocketFd bound(int family, int type, int protocol, std::string_view address) {
    sys::SocketFd socket(::socket(family, type | SOCK_CLOEXEC, protocol));
    const auto parsed = model::IpAddress::parse(address).value();
    const auto bytes = parsed.bytes();
    sockaddr_in v4{.sin_family = AF_INET, .sin_port = htons(4711), .sin_addr = {}, .sin_zero = {}};
    sockaddr_in6 v6{.sin6_family = AF_INET6, .sin6_port = htons(4711), .sin6_flowinfo = 0, .sin6_addr = {}, .sin6_scope_id = 0};
    std::memcpy(family == AF_INET ? static_cast<void*>(&v4.sin_addr) : &v6.sin6_addr, bytes.data(), bytes.size());
    EXPECT_EQ(family == AF_INET ? ::bind(socket.get(), reinterpret_cast<sockaddr*>(&v4), sizeof v4) : ::bind(socket.get(), reinterpret_cast<sockaddr*>(&v6), sizeof v6), 0);
    EXPECT_TRUE(type != SOCK_STREAM || ::listen(socket.get(), 1) == 0);
    return socket;
}

TEST(ProveWeakened, a_socket_of_each_kind_is_told_and_only_loopback_excuses_one) {
    behind_rules([](const storage::Store& store) {
        struct Case {
            int family, type, protocol;
            const char* address;
            const char* told;
        };
        const char* kRaw = "listener: sockets: 1 raw ones that this kernel does not list";  // or it does
        shell("echo '0 0' >/proc/sys/net/ipv4/ping_group_range");
        for (const auto& [family, type, protocol, address, expected] :
             {Case{AF_INET, SOCK_STREAM, 0, "0.0.0.0", "REACHABLE; listener: tcp 0.0.0.0:4711 (uid 0) would answer on any device"},
              Case{AF_INET6, SOCK_STREAM, 0, "::", "REACHABLE; listener: tcp :::4711 (uid 0) would answer on any device"},
              Case{AF_INET, SOCK_STREAM, 0, "192.0.2.1", "REACHABLE; listener: tcp 192.0.2.1:4711 (uid 0) would answer on any device"},
              Case{AF_INET, SOCK_STREAM, 0, "127.0.0.1", "UNREACHABLE"},
              Case{AF_INET6, SOCK_STREAM, 0, "::1", "UNREACHABLE"},
              Case{AF_INET, SOCK_DGRAM, 0, "0.0.0.0", "REACHABLE; listener: udp 0.0.0.0:4711 (uid 0) would answer on any device"},
              Case{AF_INET6, SOCK_DGRAM, 0, "::", "REACHABLE; listener: udp :::4711 (uid 0) would answer on any device"},
              Case{AF_INET, SOCK_DGRAM, 0, "127.0.0.1", "UNREACHABLE"},
              Case{AF_INET, SOCK_RAW, IPPROTO_ICMP, "0.0.0.0", kRaw}, Case{AF_INET6, SOCK_RAW, IPPROTO_ICMPV6, "::", kRaw},
              Case{AF_INET, SOCK_DGRAM, IPPROTO_ICMP, "0.0.0.0", "REACHABLE; listener: sockets: 1 of PING"}}) {
            {
                const auto socket = bound(family, type, protocol, address);
                const auto found = told(store);
                EXPECT_TRUE(expected == kRaw ? found.find(kRaw) != found.npos || found.find("listener: raw ") != found.npos : found == expected) << found << " for " << address;
            }
            EXPECT_EQ(told(store), "UNREACHABLE") << expected;
        }
    });
}

}  // namespace
}  // namespace vs::guard
