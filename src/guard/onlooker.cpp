#include "guard/onlooker.hpp"

#include "guard/surveyor_protocol.hpp"
#include "server/our_programs.hpp"
#include "storage/sandbox.hpp"

namespace vs::guard {

Result<Findings> have_looked_into(sys::FdRef testimony, sys::FdRef report) {
    storage::SandboxRequest request;
    request.argv = {server::libexec_program("vserver-onlooker")};
    request.environment = server::program_environment();
    request.descriptors = {testimony, report};
    auto result = TRY(storage::run_in_sandbox(request));
    if (!result.status.success()) return fail(Code::failed, "the onlooker gave up: {}", result.reason());
    return parse_findings(TRY(protocol::read_whole(report, kLargestTestimony)));
}

}  // namespace vs::guard
