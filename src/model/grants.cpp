#include "model/grants.hpp"

#include <algorithm>

#include "model/accounts.hpp"
#include "model/settings_values.hpp"

namespace vs::model {

namespace {

constexpr std::string_view kEverybody = "*";
constexpr std::size_t kMostGrants = 4096;

bool is_digits(std::string_view text) { return std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; }); }

/// Names as useradd(8) allows them, and those of directories: "alice", "www-data", "j.doe", "DOMAIN+bob".
bool is_user(std::string_view text) {
    constexpr std::size_t kLongest = 64;
    constexpr std::string_view kOthers = "_-.+@$";
    auto good = [&](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || kOthers.find(c) != kOthers.npos;
    };
    if (text == kEverybody) return true;
    if (text.empty() || text.size() > kLongest || text[0] == '-') return false;
    return is_digits(text) ? parse_id(text).has_value() : std::ranges::all_of(text, good);
}

Result<std::uint32_t> read_bounded(const Node& node, std::uint32_t most) {
    auto count = TRY(read_count(node));
    if (count == 0 || count > most) return node.problem(fmt::format("has to be from 1 to {}", most));
    return static_cast<std::uint32_t>(count);
}

Result<std::vector<IpAddress>> read_granted(const Node& node) {
    auto addresses = TRY(read_addresses(node));
    if (addresses.empty()) return node.problem("names no address");
    for (const auto& address : addresses)
        if (address.is_special()) return node.problem(fmt::format("{} is no address that can be granted", address.text()));
    return addresses;
}

Result<> read_key(const Node& node, Grant& grant) {
    if (node.key == "addresses") grant.addresses = TRY(read_granted(node));
    else if (node.key == "locks") grant.locks = TRY(read_bounded(node, kMostUserLocks));
    else if (node.key == "processes") grant.processes = TRY(read_bounded(node, kMostLockedProcesses));
    else if (node.key == "low_ports") grant.low_ports = TRY(read_truth(node));
    else return node.problem("there is no such key; there are addresses, locks, processes and low_ports");
    return {};
}

Result<Grant> read_grant(const Node& node) {
    TRY(node.require(Node::Kind::table));
    if (!is_user(node.key)) return node.problem("is neither a user's name nor a uid nor \"*\"");
    Grant grant{.user = node.key, .addresses = {}};
    for (const auto& child : node.children) TRY(read_key(child, grant));
    if (grant.addresses.empty()) return node.problem("grants nothing: it has no addresses");
    return grant;
}

const Grant* find(const std::vector<Grant>& grants, std::string_view user) {
    auto found = std::ranges::find(grants, user, &Grant::user);
    return found == grants.end() ? nullptr : &*found;
}

}  // namespace

Result<std::vector<Grant>> parse_grants(std::string_view text, const std::string& file) {
    std::vector<Grant> grants;
    auto document = TRY(parse_document(text, file));
    for (const auto& top : document.children) {
        if (top.key != "user") return top.problem("there is no such table; a grant is [user.NAME]");
        TRY(top.require(Node::Kind::table));
        for (const auto& user : top.children) grants.push_back(TRY(read_grant(user)));
    }
    if (grants.size() > kMostGrants) return document.problem(fmt::format("there are more than {} grants", kMostGrants));
    return grants;
}

const Grant* find_grant(const std::vector<Grant>& grants, std::uint32_t uid, std::string_view passwd) {
    if (const auto* by_number = find(grants, std::to_string(uid))) return by_number;
    for (const auto& grant : grants) {
        if (grant.user == kEverybody || is_digits(grant.user)) continue;
        auto account = find_account(passwd, grant.user);
        if (account && account->uid == uid) return &grant;
    }
    return find(grants, kEverybody);
}

}  // namespace vs::model
