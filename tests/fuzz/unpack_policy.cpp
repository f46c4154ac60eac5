// One name, number or attribute of a hostile archive: what is taken stays below the root, whatever it was.

#include "storage/unpack_policy.hpp"

#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "base/text.hpp"

namespace {

void must(bool good) {
    if (!good) std::abort();
}

void check_path(std::string_view text) {
    auto path = vs::storage::entry_path(text);
    if (!path) {
        must(path.error().message().size() < 1000);
        return;
    }
    must(path->size() <= vs::storage::kLongestPath && path->find('\0') == std::string::npos);
    must(vs::storage::entry_path(*path + "/").value() == *path);
    if (path->empty()) return;
    for (auto part : vs::base::split(*path, '/')) must(!part.empty() && part != "." && part != ".." && part.size() <= 255);
}

void check_xattr(std::string_view text) {
    auto name = text.substr(0, text.find('='));
    auto value = text.size() > name.size() ? text.substr(name.size() + 1) : std::string_view();
    auto kept = vs::storage::kept_xattr(name, value);
    if (!kept) return;
    must(name == "security.capability" || name.starts_with("user."));
    if (name == "security.capability") must(kept->size() == 20 && (*kept)[3] == 2);
}

void check_budget(const std::uint8_t* data, std::size_t size) {
    constexpr std::uint64_t kBytes = std::uint64_t{1} << 40;
    vs::storage::UnpackBudget budget({.bytes = kBytes, .entries = 8});
    for (; size >= sizeof(std::int64_t); data += sizeof(std::int64_t), size -= sizeof(std::int64_t)) {
        std::int64_t wanted = 0;
        std::memcpy(&wanted, data, sizeof wanted);
        (void)budget.take_bytes(wanted);
        if (auto owner = vs::storage::entry_owner(wanted)) must(*owner <= 65535 && *owner == static_cast<std::uint64_t>(wanted));
        must(budget.bytes() <= kBytes);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view text(reinterpret_cast<const char*>(data), size);
    check_path(text);
    check_xattr(text);
    check_budget(data, size);
    if (vs::storage::check_link_target(text)) must(!text.empty() && text.size() <= vs::storage::kLongestTarget);
    return 0;
}
