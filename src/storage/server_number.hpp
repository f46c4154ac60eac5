#pragma once
// Which number a new server gets: the lowest that no server has and whose 65,536 ids nobody else on the host has.

#include <optional>
#include <string_view>
#include <vector>

#include "model/name.hpp"

namespace vs::storage {

struct IdRange {
    std::uint32_t first = 0;
    std::uint32_t count = 1;
};

/// Ranges of /etc/subuid and /etc/subgid: "name:first:count". Lines that are none are skipped.
std::vector<IdRange> parse_subordinate_ids(std::string_view text);
/// Ids of /etc/passwd and /etc/group (third field) from the first server id upwards, each as a range of one.
std::vector<IdRange> parse_account_ids(std::string_view text);

/// All of these on this host; an absent file has none.
Result<std::vector<IdRange>> foreign_ids();

std::optional<model::ServerNumber> lowest_free_number(const std::vector<model::ServerNumber>& used,
                                                      const std::vector<IdRange>& foreign);

}  // namespace vs::storage
