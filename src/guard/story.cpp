#include "guard/story.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace vs::guard {

namespace {

std::vector<std::string_view> words_of(std::string_view line) {
    auto words = base::split(line, ' ');
    std::erase(words, std::string_view());
    return words;
}

}  // namespace

Pids parse_pids(std::string_view text, std::size_t column) {
    Pids pids;
    for (auto line : base::split(text, '\n')) {
        auto words = words_of(line);
        auto pid = column < words.size() ? base::parse_number(words[column]) : std::nullopt;
        if (pid && *pid <= INT32_MAX) pids.insert(static_cast<pid_t>(*pid));
    }
    return pids;
}

Ports parse_ports(std::string_view text) {
    Ports ports;
    for (auto line : base::split(text, '\n')) {
        auto words = words_of(line);
        const bool tcp = !words.empty() && words[0].starts_with("tcp"), udp = !words.empty() && words[0].starts_with("udp");
        // A datagram socket that is connected is no listener to them, but it receives.
        if (!udp && !(tcp && std::ranges::find(words, "LISTEN") != words.end())) continue;
        auto address = std::find_if(words.begin() + 1, words.end(), [](auto word) { return word.find(':') != std::string_view::npos; });
        if (address == words.end()) continue;
        auto port = base::parse_number(address->substr(address->rfind(':') + 1));
        if (port) ports.insert(fmt::format("{} {}", words[0].substr(0, 3), *port));
    }
    return ports;
}

Names parse_names(std::string_view text, const std::set<std::string, std::less<>>& directories) {
    Names names;
    std::set<std::string>* current = nullptr;
    for (auto line : base::split(text, '\n')) {
        bool heading = line.ends_with(':') && directories.contains(line.substr(0, line.size() - 1));
        if (heading) current = &names[std::string(line.substr(0, line.size() - 1))];
        else if (current != nullptr && !line.empty()) current->emplace(line);
    }
    return names;
}

}  // namespace vs::guard
