// The proof of an unreachable main environment, on machines that are reachable in one way each. Every one has its own network and
// processes, so that nothing of the real machine is evidence.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cstring>

#include "guard/own_machine.hpp"
#include "guard/prove.hpp"
#include "guard/secure_host.hpp"
#include "sys/file.hpp"

namespace vs::guard {
namespace {

Proof proof_of(const storage::Store& store, std::string_view wire = "") {
    auto proof = prove_secure_host(store, wire);
    EXPECT_TRUE(proof) << proof.error().message();
    return proof ? std::move(*proof) : Proof();
}

/// What speaks against it with this subject, one line each.
std::string weaknesses(const Proof& proof, const std::string& subject) {
    std::string text;
    for (const auto& weakness : proof.weaknesses)
        if (weakness.subject == subject) text += weakness.detail + "\n";
    return text;
}

bool has_evidence(const Proof& proof, const std::string& what, const std::string& line) {
    auto found = proof.evidence.find(what);
    return found != proof.evidence.end() && std::ranges::any_of(found->second, [&](const auto& each) { return each.find(line) != std::string::npos; });
}

TEST(ProveHost, a_machine_that_was_not_secured_is_reachable_and_everything_was_asked) {
    on_own_machine([](const storage::Store& store) {
        const auto proof = proof_of(store);
        EXPECT_EQ(proof.verdict, Verdict::changed);
        EXPECT_EQ(weaknesses(proof, "layout"), "this machine is not secured: 'vserver secure-host apply NAME'\n");
        EXPECT_EQ(weaknesses(proof, "rules"), "the table 'inet vserver_secure' is not loaded\nthe table 'arp vserver_secure' is not loaded\n");
        EXPECT_NE(weaknesses(proof, "boot").find("does not have the rules for the next boot"), std::string::npos);
        for (const char* what : {"devices", "addresses", "rules", "boot", "listeners", "servers", "processes", "probes", "wire"}) EXPECT_TRUE(proof.evidence.contains(what)) << what;
        EXPECT_EQ(weaknesses(proof, "device") + weaknesses(proof, "address") + weaknesses(proof, "listener") + weaknesses(proof, "process"), "") << "loopback alone is nothing";
        EXPECT_TRUE(has_evidence(proof, "wire", "nobody looked"));
        EXPECT_EQ(proof.when.size(), 20U);
        EXPECT_TRUE(proof.unknown.empty()) << proof.unknown[0].path << proof.unknown[0].reason;
    });
}

TEST(ProveHost, a_device_and_an_address_are_told_whatever_they_are_called) {
    on_own_machine([](const storage::Store& store) {
        server::PluggedDevice stray("\x1b[2Jeth", 10);
        stray.add("192.0.2.1/24");
        const auto proof = proof_of(store);
        EXPECT_EQ(weaknesses(proof, "device"), "'\\x1b[2Jeth' is in the main environment; 'vserver secure-host catch' takes it out\n") << "it moves no cursor";
        EXPECT_NE(weaknesses(proof, "address").find("the main environment has 192.0.2.1/24\n"), std::string::npos);
        EXPECT_TRUE(has_evidence(proof, "devices", "\\x1b[2Jeth (veth, up)"));
        EXPECT_TRUE(has_evidence(proof, "addresses", "127.0.0.1/8"));
    });
}

sys::SocketFd listening(std::uint32_t address, std::uint16_t port) {
    sys::SocketFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_port = htons(port);
    name.sin_addr.s_addr = htonl(address);
    EXPECT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&name), sizeof name), 0);
    EXPECT_EQ(::listen(socket.get(), 1), 0);
    return socket;
}

TEST(ProveHost, what_listens_is_evidence_and_a_weakness_where_it_would_answer_on_any_device) {
    on_own_machine([](const storage::Store& store) {
        auto everywhere = listening(INADDR_ANY, 8080), loopback = listening(INADDR_LOOPBACK, 9090);
        sys::SocketFd packet(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
        sockaddr_un name{};
        name.sun_family = AF_UNIX;
        std::memcpy(name.sun_path + 1, "a b", 3);
        sys::SocketFd abstract(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        ASSERT_EQ(::bind(abstract.get(), reinterpret_cast<sockaddr*>(&name), offsetof(sockaddr_un, sun_path) + 4), 0);

        const auto proof = proof_of(store);
        const auto told = weaknesses(proof, "listener");
        EXPECT_NE(told.find("tcp 0.0.0.0:8080 (uid 0) would answer on any device\n"), std::string::npos) << told;
        EXPECT_EQ(told.find("9090"), std::string::npos) << told;
        EXPECT_NE(told.find("has a socket past every rule: packet\n"), std::string::npos) << told;
        EXPECT_TRUE(has_evidence(proof, "listeners", "tcp 127.0.0.1:9090"));
        EXPECT_TRUE(has_evidence(proof, "listeners", "abstract @a b"));
    });
}

TEST(ProveHost, a_process_in_another_network_with_a_way_out_is_told) {
    on_own_machine([](const storage::Store& store) {
        const pid_t child = ::fork();
        if (child == 0) {
            if (!sys::unshare(CLONE_NEWNET)) ::_exit(1);
            server::PluggedDevice way_out("wan0", 10);
            for (;;) ::pause();
        }
        auto out = [&] {
            auto proof = proof_of(store);
            return weaknesses(proof, "process");
        };
        std::string told;
        for (int tries = 0; tries < 500 && told.empty(); ++tries) told = out();
        EXPECT_NE(told.find("is in another network that has the device 'wan0'"), std::string::npos) << told;
        ::kill(child, SIGKILL);
        ::waitpid(child, nullptr, 0);
        EXPECT_EQ(out(), "");
    });
}

TEST(ProveHost, what_answers_on_the_wire_and_is_no_servers_is_told) {
    on_own_machine([](const storage::Store& store) {
        const auto proof = proof_of(store, "Host: 192.0.2.1 ()\tPorts: 22/open/tcp//ssh///\n");
        EXPECT_EQ(weaknesses(proof, "wire"), "192.0.2.1 22/tcp answers, and no server listens there\n");
        EXPECT_TRUE(has_evidence(proof, "wire", "1 open"));
    });
}

TEST(ProveHost, a_record_that_cannot_be_read_is_an_error_and_no_proof) {
    on_own_machine([](const storage::Store& store) {
        ASSERT_TRUE(sys::make_dirs(store.path() + "/guard", 0700));
        ASSERT_TRUE(sys::replace_file(sys::open_dir(sys::kHere, store.path() + "/guard").value(), "secure-host.json", "{", 0600, sys::Durability::volatile_));
        EXPECT_FALSE(prove_secure_host(store, ""));
    });
}

}  // namespace
}  // namespace vs::guard
