// apt's lists of archives: what is printed is read back the same, and has no credentials where they were dropped.

#include "storage/apt_sources.hpp"

#include <cstdint>
#include <cstdlib>

namespace {

void must(bool good) {
    if (!good) std::abort();
}

void check(const std::vector<vs::storage::AptSource>& sources) {
    using namespace vs::storage;
    for (const auto& source : without_credentials(sources)) must(without_credentials(source.uri) == source.uri);
    must(sources_for(sources, "trixie", "bookworm").size() <= sources.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace vs::storage;
    std::string_view text(reinterpret_cast<const char*>(data), size);
    auto lines = parse_sources_list(text);
    check(lines);
    check(parse_sources_deb822(text));
    must(parse_sources_list(print_sources(lines)) == lines);
    return 0;
}
