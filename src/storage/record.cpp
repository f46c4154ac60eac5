#include "storage/record.hpp"

#include <fmt/chrono.h>

#include <chrono>
#include <nlohmann/json.hpp>

namespace vs::storage {

namespace {

using nlohmann::json;

template <typename Map>
Result<typename Map::mapped_type> member(const Map& map, const std::string& key) {
    auto found = map.find(key);
    if (found == map.end()) return fail(Code::failed, "it has no '{}'", key);
    return found->second;
}

std::vector<std::string> text_items(const json& list) {
    std::vector<std::string> items;
    for (const auto& item : list)
        if (item.is_string()) items.push_back(item.get<std::string>());
    return items;
}

}  // namespace

Result<std::string> Record::text(const std::string& key) const { return member(texts, key); }

Result<std::uint64_t> Record::number(const std::string& key) const { return member(numbers, key); }

Result<Record> parse_record(std::string_view text) {
    auto document = json::parse(text, nullptr, false);
    if (!document.is_object()) return fail(Code::failed, "it is not a JSON object");
    Record record;
    for (const auto& [key, value] : document.items()) {
        if (value.is_string()) record.texts[key] = value.get<std::string>();
        if (value.is_number_unsigned()) record.numbers[key] = value.get<std::uint64_t>();
        if (value.is_array()) record.lists[key] = text_items(value);
    }
    return record;
}

std::string print_record(const Record& record) {
    json document = json::object();
    for (const auto& [key, value] : record.texts) document[key] = value;
    for (const auto& [key, value] : record.numbers) document[key] = value;
    for (const auto& [key, value] : record.lists) document[key] = value;
    return document.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

std::string timestamp() {
    // By the calendar of <chrono>: gmtime(3) reads the time zone from the disk, which is for nothing here.
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    const auto midnight = std::chrono::floor<std::chrono::days>(now);
    const std::chrono::year_month_day day(midnight);
    const std::chrono::hh_mm_ss time(now - midnight);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(day.year()), static_cast<unsigned>(day.month()),
                       static_cast<unsigned>(day.day()), time.hours().count(), time.minutes().count(), time.seconds().count());
}

}  // namespace vs::storage
