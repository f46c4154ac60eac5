// dpkg's status file: every selection is closed, of what is installed, and a stanza that was written is read again.

#include "storage/packages.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>

#include "storage/debian_version.hpp"
#include "storage/package_database.hpp"

namespace {

void must(bool good) {
    if (!good) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace vs::storage;
    std::string_view text(reinterpret_cast<const char*>(data), size);
    auto installed = parse_status(text);
    auto chosen = select_packages(installed, {});
    must(chosen.has_value() && chosen->size() <= installed.size());
    for (const auto& package : *chosen) must(unpacked_stanza(package).ends_with("\n"));
    for (std::size_t i = 1; i < installed.size(); ++i) {
        auto a = installed[i - 1].version, b = installed[i].version;
        must((compare_versions(a, b) < 0) == (compare_versions(b, a) > 0));
        must(compare_versions(a, a) == 0);
    }
    (void)parse_diversions(text);
    (void)parse_md5sums(text);
    (void)package_files(text, "p", parse_diversions(text), {"p"});
    return 0;
}
