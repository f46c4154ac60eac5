// Files that stand beside images and servers, and what a tree says it is: no text breaks them, and none gets out unescaped.

#include <cstdint>
#include <cstdlib>

#include "storage/os_release.hpp"
#include "storage/record.hpp"
#include "storage/server_number.hpp"

namespace {

void must(bool good) {
    if (!good) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace vs::storage;
    std::string_view text(reinterpret_cast<const char*>(data), size);
    if (auto record = parse_record(text)) {
        auto again = parse_record(print_record(*record));
        must(again.has_value() && again->texts == record->texts && again->numbers == record->numbers && again->lists == record->lists);
    }
    auto release = parse_os_release(text);
    for (char c : release.pretty_name) must(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
    for (char c : release.codename) must((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.');
    (void)parse_subordinate_ids(text);
    for (const auto& range : parse_account_ids(text)) must(range.first >= 0x70000000U);
    return 0;
}
