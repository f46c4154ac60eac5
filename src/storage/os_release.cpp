#include "storage/os_release.hpp"

#include <fcntl.h>

#include <algorithm>

#include "base/text.hpp"
#include "storage/guest_file.hpp"

namespace vs::storage {

namespace {

constexpr std::size_t kLargest = 16384;
constexpr std::size_t kLongestName = 128;

std::string_view unquoted(std::string_view value) {
    bool quoted = value.size() >= 2 && (value[0] == '"' || value[0] == '\'') && value.back() == value[0];
    return quoted ? value.substr(1, value.size() - 2) : value;
}

bool is_plain_word(std::string_view text) {
    auto good = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.'; };
    return text.size() <= kLongestName && std::all_of(text.begin(), text.end(), good);
}

}  // namespace

OsRelease parse_os_release(std::string_view text) {
    OsRelease release;
    for (auto line : base::split(text, '\n')) {
        auto equals = line.find('=');
        if (equals == std::string_view::npos) continue;
        auto value = unquoted(base::trim(line.substr(equals + 1)));
        auto key = line.substr(0, equals);
        if (key == "PRETTY_NAME") release.pretty_name = base::escape_control(value.substr(0, kLongestName));
        if (key == "VERSION_CODENAME" && is_plain_word(value)) release.codename = value;
    }
    return release;
}

OsRelease read_os_release(const sys::DirFd& root) {
    for (const char* path : {"etc/os-release", "usr/lib/os-release"}) {
        auto text = read_guest_file(root, path, kLargest);
        if (text && text->has_value()) return parse_os_release((*text)->content);
    }
    return {};
}

}  // namespace vs::storage
