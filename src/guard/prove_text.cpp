#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "guard/prove.hpp"
#include "guard/ways_past.hpp"

namespace vs::guard {

namespace {

// What does not leave the machine, and what open_sockets() and unusual_sockets() tell more of.
constexpr std::array<std::string_view, 12> kKnown = {"UNIX", "UNIX-STREAM", "NETLINK", "ALG", "KEY", "PACKET",
                                                     "TCP",  "TCPv6",       "UDP",     "UDPv6", "RAW", "RAWv6"};

std::vector<std::string_view> words_of(std::string_view line) {
    auto words = base::split(line, ' ');
    std::erase(words, std::string_view());
    return words;
}

/// What stands behind seven fields and a blank, blanks of its own included; empty where the socket has no name.
std::string_view path_of(std::string_view line) {
    constexpr int kFieldsBefore = 7;
    for (int field = 0; field < kFieldsBefore; ++field) {
        line.remove_prefix(std::min(line.size(), line.find_first_not_of(' ')));
        line.remove_prefix(std::min(line.size(), line.find(' ')));
    }
    return line.empty() ? line : line.substr(1);
}

}  // namespace

std::vector<std::string> other_protocols(std::string_view table) {
    std::vector<std::string> found;
    for (auto line : base::split(table, '\n')) {
        auto words = words_of(line);
        if (words.size() < 3 || std::ranges::find(kKnown, words[0]) != kKnown.end()) continue;
        auto count = base::parse_number(words[2]);
        if (count && *count > 0) found.push_back(fmt::format("{} of {}", *count, words[0]));
    }
    return found;
}

std::uint64_t raw_sockets(std::string_view table) {
    std::uint64_t count = 0;
    for (auto line : base::split(table, '\n')) {
        auto words = words_of(line);
        if (words.size() > 2 && (words[0] == "RAW" || words[0] == "RAWv6")) count += base::parse_number(words[2]).value_or(0);
    }
    return count;
}

std::vector<std::string> other_packet_takers(std::string_view table) {
    // The last one is the bridges': without its module nobody stands behind it (find_early_hooks).
    constexpr std::array<std::string_view, 6> kUsual = {"ip_rcv", "arp_rcv", "ipv6_rcv", "ipv6_rcv [ipv6]", "llc_rcv", "llc_rcv [llc]"};
    std::vector<std::string> found;
    for (auto line : base::split(table, '\n')) {
        auto words = words_of(line);
        if (words.size() < 2 || words[0] == "Type") continue;
        auto function = std::string(words.back());
        words.pop_back();
        if (function.starts_with('[') && words.size() > 1) {  // the module that it is of
            function = fmt::format("{} {}", words.back(), function);
            words.pop_back();
        }
        if (std::ranges::find(kUsual, function) != kUsual.end()) continue;
        found.push_back(fmt::format("{} takes packets of type {}{}{} past every rule", function, words[0], words.size() > 1 ? " on " : "", words.size() > 1 ? words[1] : ""));
    }
    return found;
}

std::vector<std::string> answers_on_wire(std::string_view greppable, const std::set<std::string>& of_servers) {
    std::set<std::string> found;
    for (auto line : base::split(greppable, '\n')) {
        auto words = words_of(line);
        if (words.size() < 2 || words[0] != "Host:" || of_servers.contains(std::string(words[1]))) continue;
        bool answers = line.find("/closed/") != line.npos || line.find("/open/") != line.npos || line.find("/unfiltered/") != line.npos ||
                       line.find("Ignored State: closed") != line.npos || line.find("Ignored State: unfiltered") != line.npos;
        if (answers) found.insert(std::string(words[1]));
    }
    return {found.begin(), found.end()};
}

std::vector<std::string> abstract_names(std::string_view table) {
    std::vector<std::string> names;
    for (auto line : base::split(table, '\n')) {
        auto name = path_of(line);
        if (name.starts_with('@')) names.emplace_back(name.substr(1));
    }
    std::ranges::sort(names);
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
}

std::vector<std::string> open_on_wire(std::string_view greppable) {
    std::vector<std::string> found;
    for (auto line : base::split(greppable, '\n')) {
        auto ports = line.find("Ports: ");
        auto words = words_of(line);
        if (words.size() < 2 || words[0] != "Host:" || ports == std::string_view::npos) continue;
        auto list = line.substr(ports + 7);
        for (auto port : base::split(list.substr(0, list.find('\t')), ',')) {
            auto fields = base::split(base::trim(port), '/');
            if (fields.size() > 2 && fields[1].starts_with("open")) found.push_back(fmt::format("{} {}/{}", words[1], fields[0], fields[2]));
        }
    }
    return found;
}

std::string proof_note(const Proof& proof, std::string_view digest) {
    constexpr std::size_t kMost = 4096;  // the rest is in the document
    auto text = fmt::format("secure-host prove: {} at {}, sha256 of guard/proof {}", proof_name(proof.verdict), proof.when, digest);
    for (const auto& weakness : proof.weaknesses) text += fmt::format("; {}: {}", weakness.subject, weakness.detail);
    for (const auto& item : proof.unknown) text += fmt::format("; {} unknown: {}", item.path, item.reason);
    if (text.size() > kMost) text.resize(kMost);
    return text;
}

std::string_view proof_name(Verdict verdict) {
    constexpr std::array<std::string_view, 3> kNames = {"UNREACHABLE", "REACHABLE", "UNKNOWN"};
    return kNames[static_cast<std::size_t>(verdict)];
}

}  // namespace vs::guard
