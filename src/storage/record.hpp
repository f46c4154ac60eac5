#pragma once
// A flat JSON object with texts, numbers and lists of texts: the files that stand beside images and servers.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace vs::storage {

struct Record {
    std::map<std::string, std::string> texts;
    std::map<std::string, std::uint64_t> numbers;
    std::map<std::string, std::vector<std::string>> lists;

    /// Code::failed where the record has no such member.
    [[nodiscard]] Result<std::string> text(const std::string& key) const;
    [[nodiscard]] Result<std::uint64_t> number(const std::string& key) const;
};

/// Members of other kinds are ignored, so that an older program reads a newer record.
Result<Record> parse_record(std::string_view text);
/// Bytes that are not UTF-8 are replaced.
std::string print_record(const Record& record);

/// Now, as RFC 3339 has it, in UTC and whole seconds.
std::string timestamp();

}  // namespace vs::storage
