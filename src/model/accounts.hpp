#pragma once
// Users and groups of a guest, from the text of its /etc/passwd and /etc/group. Strict: a line that is not whole counts
// for nothing, and a number is a number or nothing (CVE-2026-30892: "1" taken for uid 0). Allocates nothing: used by
// PID 1 of a server and between fork and exec. Results are views into the text.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace vs::model {

/// A decimal id without sign, blank or leading zero; never 4294967295, which means "leave it" to setresuid(2).
std::optional<std::uint32_t> parse_id(std::string_view text);

struct Account {
    std::string_view name;  ///< empty where only a number is known
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    std::string_view home;
    std::string_view shell;
};

/// The account that `user` means. Digits only are a uid, always, whatever names there are; without a line in the file it
/// is that uid, the gid of the same number and no name. Anything else is a name; "root" needs no line. The first matching
/// line wins.
std::optional<Account> find_account(std::string_view passwd, std::string_view user);

/// Writes the ids of the groups that list `name` as a member; how many, or nullopt where `room` is too small.
std::optional<std::size_t> find_groups(std::string_view group, std::string_view name, std::span<std::uint32_t> room);

}  // namespace vs::model
