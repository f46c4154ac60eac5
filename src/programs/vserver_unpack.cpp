// vserver-unpack: takes a tar archive apart, as nobody.
//
// Not for people: the build starts it as root of a user namespace that owns nothing on the host, without network, with the
// archive as descriptor 3 and the directory to fill as descriptor 4 (an idmapped mount, so that what is on disk belongs to
// 0..65535). Before it looks at the first byte it locks itself into that directory, gives up what it does not need and closes
// the system calls that unpacking does not take: a mistake in a decompressor is then worth nothing.
//
// Says "progress N" and "note TEXT" on standard output; on failure one sentence, and status 1.

#include <clocale>
#include <csignal>
#include <cstdio>
#include <string>

#include "base/sanitized.hpp"
#include "context/ceiling.hpp"
#include "programs/unpack_filter.hpp"
#include "storage/unpack.hpp"
#include "sys/call.hpp"
#include "sys/raw.hpp"
#include "sys/seccomp.hpp"

namespace {

using namespace vs;

constexpr int kArchive = 3;
constexpr int kTree = 4;

void say(const std::string& line) {
    std::fputs((line + "\n").c_str(), stdout);
    std::fflush(stdout);
}

Result<> checked(int code, const char* what) {
    if (code < 0) return std::unexpected<Error>(sys::error_from(-code, what));
    return {};
}

model::CapabilitySet needed_capabilities() {
    model::CapabilitySet set;
    for (const char* name : {"chown", "dac_override", "fowner", "fsetid", "setfcap"})
        set.add(model::CapabilitySet::number_of(name).value());
    return set;
}

Result<> lock_in() {
    TRY(checked(sys::raw::change_root(kTree), "chroot into the tree"));
    TRY(context::apply_ceiling({.capabilities = needed_capabilities()}));
    if (base::kSanitized) return {};
    const auto& filter = programs::unpack_filter();
    return checked(sys::load_filter_raw(filter.code.data(), filter.length), "load the system call filter");
}

void note(std::uint64_t count, const char* what) {
    if (count > 0) say(fmt::format("note {} {}", count, what));
}

Result<> run() {
    TRY(lock_in());
    storage::UnpackRequest request{sys::FdRef(kArchive), sys::FdRef(kTree), {}, {}};
    request.progress = [](std::uint64_t entries) { say(fmt::format("progress {}", entries)); };
    auto report = TRY(storage::unpack(request));
    note(report.devices, "device nodes of the archive were skipped");
    note(report.sockets, "sockets of the archive were skipped");
    note(report.xattrs, "extended attributes and access control entries of the archive were dropped");
    return {};
}

}  // namespace

int main() {
    // Names in an archive are UTF-8 or bytes; in the C locale libarchive would refuse the former.
    std::setlocale(LC_CTYPE, "C.UTF-8");
    auto done = run();
    if (done) return 0;
    say(done.error().message());
    return 1;
}
