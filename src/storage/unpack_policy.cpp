#include "storage/unpack_policy.hpp"

#include "base/text.hpp"

namespace vs::storage {

namespace {

constexpr std::uint32_t kOwners = 65536;

// struct vfs_ns_cap_data of <linux/capability.h>: magic, two pairs of words, and in version 3 the id of its root.
constexpr std::size_t kCapability2 = 20;
constexpr std::size_t kCapability3 = 24;
constexpr unsigned char kRevision2 = 2;
constexpr unsigned char kRevision3 = 3;
constexpr std::size_t kRevisionByte = 3;  // the highest of the little-endian magic

unsigned char byte_at(std::string_view value, std::size_t at) { return static_cast<unsigned char>(value[at]); }

std::optional<std::string> plain_capability(std::string_view value) {
    if (value.size() == kCapability2 && byte_at(value, kRevisionByte) == kRevision2) return std::string(value);
    bool version3 = value.size() == kCapability3 && byte_at(value, kRevisionByte) == kRevision3;
    if (!version3 || value.substr(kCapability2) != std::string_view("\0\0\0\0", 4)) return std::nullopt;
    std::string plain(value.substr(0, kCapability2));
    plain[kRevisionByte] = static_cast<char>(kRevision2);
    return plain;
}

}  // namespace

Result<std::string> entry_path(std::string_view name) {
    if (name.empty()) return fail(Code::failed, "it has no name");
    if (name[0] == '/') return fail(Code::failed, "its name is absolute");
    if (name.find('\0') != std::string_view::npos) return fail(Code::failed, "its name has a zero byte");
    std::string path;
    for (auto part : base::split(name, '/')) {
        if (part.empty() || part == ".") continue;
        if (part == "..") return fail(Code::failed, "its name climbs out with '..'");
        if (part.size() > kLongestName) return fail(Code::failed, "its name has a part of more than {} bytes", kLongestName);
        path += (path.empty() ? "" : "/") + std::string(part);
    }
    if (path.size() > kLongestPath) return fail(Code::failed, "its name is longer than {} bytes", kLongestPath);
    return path;
}

Result<> check_link_target(std::string_view target) {
    if (target.empty()) return fail(Code::failed, "it is a link without target");
    if (target.size() > kLongestTarget) return fail(Code::failed, "the link's target is longer than {} bytes", kLongestTarget);
    return {};
}

Result<std::uint32_t> entry_owner(std::int64_t id) {
    if (id < 0 || id >= kOwners) return fail(Code::failed, "its owner or group {} is not within 0..{}", id, kOwners - 1);
    return static_cast<std::uint32_t>(id);
}

std::optional<std::string> kept_xattr(std::string_view name, std::string_view value) {
    if (name == "security.capability") return plain_capability(value);
    bool plain = name.starts_with("user.") && name.size() > 5 && name.size() <= kLongestName;
    if (!plain || name.find('\0') != std::string_view::npos) return std::nullopt;
    return std::string(value);
}

Result<> UnpackBudget::take_entry() {
    if (++entries_ > limits_.entries) return fail(Code::failed, "the archive has more than {} entries", limits_.entries);
    return {};
}

Result<> UnpackBudget::take_bytes(std::int64_t size) {
    if (size < 0) return fail(Code::failed, "it has a negative size");
    auto wanted = static_cast<std::uint64_t>(size);
    if (wanted > limits_.bytes - bytes_)
        return fail(Code::failed, "the archive's files have more than {} together", base::format_size(limits_.bytes));
    bytes_ += wanted;
    return {};
}

}  // namespace vs::storage
