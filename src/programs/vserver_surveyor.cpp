// vserver-surveyor: looks at the files of a server, as nobody.
//
// Not for people: scan starts it as root of a user namespace that owns nothing on the host, without network, with the trees
// to look at as read-only mounts in which the ids on disk are its own (guard/surveyor_protocol.hpp). Before it looks at the
// first name it makes the tree its root, keeps one capability (to read what it does not own), gives up every file but these
// trees (Landlock), and closes the system calls that looking does not take.
//
// On failure one sentence on standard output, and status 1.

#include <sodium.h>

#include <cstdio>
#include <string>

#include "guard/surveyor_protocol.hpp"
#include "programs/confinement.hpp"
#include "programs/surveyor_filter.hpp"
#include "sys/call.hpp"
#include "sys/file.hpp"
#include "sys/raw.hpp"

namespace {

using namespace vs;
namespace protocol = guard::protocol;

constexpr std::uint64_t kLargestReport = std::uint64_t{1} << 30;
constexpr sys::FdRef kSocket{protocol::kSocket};

void say(std::string_view line) {
    std::fputs(fmt::format("{}\n", line).c_str(), stdout);
    std::fflush(stdout);
}

Result<> checked(int code, const char* what) {
    if (code < 0) return std::unexpected<Error>(sys::error_from(-code, what));
    return {};
}

Result<> lock_in(const std::vector<sys::FdRef>& trees) {
    if (::sodium_init() < 0) return fail(Code::failed, "cannot prepare the hash functions");
    TRY(checked(sys::raw::change_root(protocol::kFirstTree), "chroot into the tree"));
    model::CapabilitySet reading;
    reading.add(model::CapabilitySet::number_of("dac_read_search").value());
    return programs::confine({.capabilities = reading, .readable = trees, .largest_file = kLargestReport, .filter = programs::surveyor_filter()});
}

Result<guard::OverlayMarks> ask(sys::FdRef file) {
    TRY(sys::send_fd(kSocket, file));
    say(protocol::kQuestion);
    return protocol::parse_marks(TRY(sys::receive_message(kSocket)));
}

std::vector<guard::SurveyTree> trees_of(const std::vector<std::string>& words) {
    bool layered = words[0] == protocol::kLayered;
    std::vector<guard::SurveyTree> trees = {{sys::FdRef(protocol::kFirstTree), "", std::nullopt}};
    if (layered) trees[0].below = sys::FdRef(protocol::kFirstTree + 1);
    int next = protocol::kFirstTree + (layered ? 2 : 1);
    for (std::size_t i = 1; i < words.size(); ++i) trees.push_back({sys::FdRef(next++), words[i], std::nullopt});
    return trees;
}

Result<> run(const std::vector<std::string>& words) {
    if (words.empty()) return fail(Code::usage, "vserver-surveyor is started by scan");
    auto trees = trees_of(words);
    std::vector<sys::FdRef> readable;
    for (const auto& tree : trees) {
        readable.push_back(tree.dir);
        if (tree.below) readable.push_back(*tree.below);
    }
    TRY(lock_in(readable));
    auto orders = TRY(guard::parse_orders(TRY(protocol::read_whole(sys::FdRef(protocol::kOrders), kLargestReport))));
    return sys::write_all(sys::FdRef(protocol::kReport), guard::print_survey(guard::survey(trees, orders, ask)));
}

}  // namespace

int main(int argc, char** argv) {
    auto done = run(std::vector<std::string>(argv + 1, argv + argc));
    if (done) return 0;
    say(done.error().message());
    return 1;
}
