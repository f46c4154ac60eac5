#include "guard/onlooker.hpp"

#include "guard/surveyor_protocol.hpp"
#include "server/our_programs.hpp"
#include "storage/sandbox.hpp"

namespace vs::guard {

namespace {

/// What it said last.
Result<std::string> run(const std::vector<std::string>& arguments, const std::vector<sys::FdRef>& descriptors) {
    storage::SandboxRequest request;
    request.argv = {server::libexec_program("vserver-onlooker")};
    request.argv.insert(request.argv.end(), arguments.begin(), arguments.end());
    request.environment = server::program_environment();
    request.descriptors = descriptors;
    auto result = TRY(storage::run_in_sandbox(request));
    if (!result.status.success()) return fail(Code::failed, "the onlooker gave up: {}", result.reason());
    return result.last_line;
}

}  // namespace

Result<std::string> have_digested(sys::FdRef file) {
    auto digest = TRY(run({"digest"}, {file}));
    if (!is_digest(digest)) return fail(Code::failed, "the onlooker's digest is none");
    return digest;
}

Result<Findings> have_looked_into(sys::FdRef testimony, sys::FdRef report) {
    TRY(run({}, {testimony, report}));
    return parse_findings(TRY(protocol::read_whole(report, kLargestTestimony)));
}

}  // namespace vs::guard
