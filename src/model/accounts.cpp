#include "model/accounts.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace vs::model {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// What stands before the separator; it and the separator are taken off `text`.
std::string_view take_until(std::string_view& text, char separator) {
    std::size_t length = std::min(text.find(separator), text.size());
    std::string_view taken(text.data(), length);
    text.remove_prefix(std::min(length + 1, text.size()));
    return taken;
}

/// Exactly N fields between colons, or nothing. A NUL would end a C string early and make another name of it.
template <std::size_t N>
std::optional<std::array<std::string_view, N>> fields_of(std::string_view line) {
    if (std::count(line.begin(), line.end(), ':') != std::ptrdiff_t{N} - 1) return std::nullopt;
    if (line.find('\0') != std::string_view::npos) return std::nullopt;
    std::array<std::string_view, N> fields;
    for (auto& field : fields) field = take_until(line, ':');
    return fields;
}

std::optional<Account> parse_account(std::string_view line) {
    auto fields = fields_of<7>(line);
    if (!fields || (*fields)[0].empty()) return std::nullopt;
    auto uid = parse_id((*fields)[2]);
    auto gid = parse_id((*fields)[3]);
    if (!uid || !gid) return std::nullopt;
    return Account{.name = (*fields)[0], .uid = *uid, .gid = *gid, .home = (*fields)[5], .shell = (*fields)[6]};
}

bool lists(std::string_view members, std::string_view name) {
    while (!members.empty())
        if (take_until(members, ',') == name) return true;
    return false;
}

}  // namespace

// Not base::parse_number: its library brings the heap with it, which PID 1 of a server has no use for.
std::optional<std::uint32_t> parse_id(std::string_view text) {
    if (text.empty() || text.size() > 10 || (text[0] == '0' && text.size() > 1)) return std::nullopt;
    std::uint64_t value = 0;
    for (char c : text) {
        if (!is_digit(c)) return std::nullopt;
        value = value * 10 + static_cast<std::uint64_t>(c - '0');
    }
    if (value >= std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
    return static_cast<std::uint32_t>(value);
}

std::optional<Account> find_account(std::string_view passwd, std::string_view user) {
    bool numeric = !user.empty() && std::all_of(user.begin(), user.end(), is_digit);
    auto uid = parse_id(user);
    if (user.empty() || (numeric && !uid)) return std::nullopt;
    while (!passwd.empty()) {
        auto account = parse_account(take_until(passwd, '\n'));
        if (account && (numeric ? account->uid == *uid : account->name == user)) return account;
    }
    if (numeric) return Account{.name = {}, .uid = *uid, .gid = *uid, .home = "/", .shell = "/bin/sh"};
    if (user == "root") return Account{.name = "root", .uid = 0, .gid = 0, .home = "/root", .shell = "/bin/sh"};
    return std::nullopt;
}

std::optional<std::size_t> find_groups(std::string_view group, std::string_view name, std::span<std::uint32_t> room) {
    std::size_t count = 0;
    while (!group.empty() && !name.empty()) {
        auto fields = fields_of<4>(take_until(group, '\n'));
        if (!fields || (*fields)[0].empty() || !lists((*fields)[3], name)) continue;
        auto gid = parse_id((*fields)[2]);
        if (!gid) continue;
        if (count == room.size()) return std::nullopt;
        room[count++] = *gid;
    }
    return count;
}

}  // namespace vs::model
