#include "sys/mount_table.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>

#include "base/text.hpp"
#include "sys/call.hpp"
#include "sys/file.hpp"

namespace vs::sys {

namespace {

constexpr std::size_t kLargestTable = 64 << 20;

bool is_octal(char c) { return c >= '0' && c <= '7'; }

/// The kernel writes blank, tab, newline and backslash as three octal digits.
std::string unescape(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        bool escaped = text[i] == '\\' && i + 3 < text.size() && is_octal(text[i + 1]) && is_octal(text[i + 2]) && is_octal(text[i + 3]);
        if (!escaped) {
            out += text[i];
            continue;
        }
        out += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
        i += 3;
    }
    return out;
}

}  // namespace

std::vector<MountEntry> parse_mount_table(std::string_view text) {
    constexpr std::size_t kDevice = 2, kRoot = 3, kPoint = 4, kOptions = 5, kFirstOptional = 6;
    std::vector<MountEntry> entries;
    for (auto line : base::split(text, '\n')) {
        auto fields = base::split(line, ' ');
        if (fields.size() < kFirstOptional) continue;
        auto dash = std::find(fields.begin() + kFirstOptional, fields.end(), "-");
        if (fields.end() - dash < 3) continue;
        entries.push_back({unescape(fields[kPoint]), unescape(dash[1]), unescape(dash[2]), unescape(fields[kRoot]),
                           std::string(fields[kOptions]), fields.end() - dash > 3 ? std::string(dash[3]) : std::string(), std::string(fields[kDevice]), base::parse_number(fields[0]).value_or(0)});
    }
    return entries;
}

Result<std::vector<MountEntry>> mount_table() {
    return parse_mount_table(TRY(read_file(kHere, "/proc/self/mountinfo", kLargestTable)));
}

Result<std::optional<MountEntry>> mounted_at(const std::string& path) {
    auto entries = TRY(mount_table());
    // Later lines are mounted over earlier ones.
    auto found = std::find_if(entries.rbegin(), entries.rend(), [&](const MountEntry& entry) { return entry.point == path; });
    if (found == entries.rend()) return std::nullopt;
    return std::optional(*found);
}

Result<std::optional<MountEntry>> mounted_at(FdRef dir) {
    struct statx status {};
    if (::statx(dir.get(), "", AT_EMPTY_PATH, STATX_MNT_ID, &status) < 0) return failed("statx of a directory");
    if ((status.stx_attributes & STATX_ATTR_MOUNT_ROOT) == 0) return std::nullopt;
    auto entries = TRY(mount_table());
    auto found = std::ranges::find(entries, status.stx_mnt_id, &MountEntry::number);
    if (found == entries.end()) return std::nullopt;
    return std::optional(*found);
}

std::optional<std::uint32_t> device_of_mount(std::string_view table, std::uint64_t mount) {
    constexpr unsigned kMinorBits = 20;
    for (auto line : base::split(table, '\n')) {
        auto fields = base::split(line, ' ');
        if (fields.size() < 3 || base::parse_number(fields[0]) != mount) continue;
        auto device = base::split(fields[2], ':');
        auto major = base::parse_number(device[0]), minor = base::parse_number(device.back());
        if (device.size() != 2 || !major || !minor) return std::nullopt;
        return static_cast<std::uint32_t>(*major << kMinorBits | *minor);
    }
    return std::nullopt;
}

Result<KernelInode> kernel_inode(const std::string& path) {
    struct statx status {};
    if (::statx(AT_FDCWD, path.c_str(), 0, STATX_INO | STATX_MNT_ID, &status) < 0) return failed("statx '{}'", path);
    auto device = device_of_mount(TRY(read_file(kHere, "/proc/self/mountinfo", kLargestTable)), status.stx_mnt_id);
    if (!device) return fail(Code::failed, "'{}' is on a mount that is not in our mount table", path);
    return KernelInode{status.stx_ino, *device};
}

}  // namespace vs::sys
