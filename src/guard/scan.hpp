#pragma once
// `vserver NAME scan` and `accept`: is what the server has on disk what it was left with?

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "guard/judge.hpp"
#include "guard/record.hpp"
#include "server/registry.hpp"

namespace vs::guard {

struct ScanRequest {
    enum class Depth {
        own,   ///< the server's own layer and volumes; what has not changed is not read
        full,  ///< everything is read, the image too, and what is cached compared with what is stored
    } depth = Depth::own;
    std::optional<std::uint64_t> budget;  ///< bytes read from files; beyond it the verdict is UNKNOWN
    Recording recording = Recording::sealed_log;  ///< of a verdict that is not OK
};

struct ScanReport {
    model::ServerName name;
    Verdict verdict = Verdict::unknown;
    std::vector<Difference> differences;
    std::vector<Unknown> unknown;
    std::uint64_t looked_at = 0, hashed = 0;
    std::string image;
    std::string image_checked;  ///< when it was last read whole; empty: never since it was built
};

/// Whatever keeps the scan from finding out is part of the report, as UNKNOWN.
ScanReport scan(const storage::Store& store, const server::Server& server, const ScanRequest& request);

/// Takes what is there now as what the server is to be, at these paths and below, or everywhere where there are none. The
/// report is of what was accepted. It is recorded first: what cannot be recorded is not accepted.
Result<ScanReport> accept(const storage::Store& store, const server::Server& server, const std::vector<std::string>& paths);

/// For a server that was built just now: signs the manifest of its image where it has none, and accepts what the build wrote.
Result<> begin_watch(const storage::Store& store, const server::Server& server);

}  // namespace vs::guard
