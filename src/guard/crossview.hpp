#pragma once
// `vserver NAME crossview`: what the host sees of a running server against what the server's own tools say.

#include "guard/judge.hpp"
#include "guard/testimony.hpp"
#include "server/registry.hpp"
#include "storage/store.hpp"

namespace vs::guard {

struct CrossviewReport {
    model::ServerName name;
    Verdict verdict = Verdict::unknown;
    Findings found;
};
/// Code::not_running where it does not run. A verdict that is not OK is recorded in the server's log.
Result<CrossviewReport> crossview(const storage::Store& store, const server::Server& server);

}  // namespace vs::guard
