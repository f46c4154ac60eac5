#pragma once
// `vserver secure-host prove`: is the main environment unreachable? Everything that could be asked is written down, whatever speaks
// against it is a weakness, and what could not be found out makes the verdict UNKNOWN.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "guard/judge.hpp"
#include "server/registry.hpp"

namespace vs::guard {

struct Weakness {
    std::string subject;  ///< "device", "listener", ...
    std::string detail;
};

struct Proof {
    Verdict verdict = Verdict::unknown;  ///< ok: unreachable; changed: not
    std::vector<Weakness> weaknesses;
    std::vector<Unknown> unknown;
    std::map<std::string, std::vector<std::string>> evidence;  ///< "devices", "listeners", "rules", ...
    std::string when;
};
/// UNREACHABLE, REACHABLE, UNKNOWN.
std::string_view proof_name(Verdict verdict);

/// `wire` is what nmap -oG found on the wire from another machine; empty: nobody looked from there.
Result<Proof> prove_secure_host(const storage::Store& store, std::string_view wire);

/// The document signed with this machine's key, as guard/proof below the state directory; and in the sealed log of the server that has the
/// network, if there is one, what it says and its digest. So a proof that is replaced, or left out, is missed.
Result<> sign_proof(const storage::Store& store, const Proof& proof, const std::string& document);

// Pure, for tests.

/// The record in the log; at most 64 KiB.
std::string proof_note(const Proof& proof, std::string_view digest);
/// Protocols of /proc/net/protocols that have sockets in this network and are looked at by nothing else.
std::vector<std::string> other_protocols(std::string_view table);
/// How many raw sockets it counts: a kernel without raw_diag counts them and lists none.
std::uint64_t raw_sockets(std::string_view table);
/// Abstract names that sockets of /proc/net/unix have, without their '@'.
std::vector<std::string> abstract_names(std::string_view table);
/// "192.0.2.10 22/tcp" for every open port of nmap's greppable output.
std::vector<std::string> open_on_wire(std::string_view greppable);
/// Addresses of nmap's greppable output that gave any answer, a refusal too, and are no server's.
std::vector<std::string> answers_on_wire(std::string_view greppable, const std::set<std::string>& of_servers);

}  // namespace vs::guard
