#include "programs/tools/annotate.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace vs::tools {

namespace {

constexpr std::string_view kTitle = "PID";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::optional<int> number_ending_at(std::string_view text, std::size_t end) {
    if (end > text.size()) return std::nullopt;
    std::size_t begin = end;
    while (begin > 0 && is_digit(text[begin - 1])) --begin;
    auto value = base::parse_number(text.substr(begin, end - begin));
    if (!value || *value > INT32_MAX) return std::nullopt;
    return static_cast<int>(*value);
}

/// The number whose column ends there. Before it in its row may be text of the process's own choice: the report counts columns and we bytes, which
/// is the same for ASCII alone, so a row with anything else there has no number that can be trusted.
std::optional<int> number_in_column(std::string_view row, std::size_t end) {
    const auto before = row.substr(0, end);
    const bool ends = end >= row.size() || row[end] == ' ';
    if (!ends || std::ranges::any_of(before, [](char c) { return static_cast<unsigned char>(c) > 0x7f; })) return std::nullopt;
    return number_ending_at(row, end);
}

/// Where the word PID ends in a line of titles; 0 where it is none.
std::size_t end_of_title(std::string_view text) {
    for (auto at = text.find(kTitle); at != std::string_view::npos; at = text.find(kTitle, at + 1)) {
        const auto end = at + kTitle.size();
        if ((at == 0 || text[at - 1] == ' ') && (end == text.size() || text[end] == ' ')) return end;
    }
    return 0;
}

std::string row(std::string_view number, std::string_view name, std::string_view rest) {
    return fmt::format("{:>10} {:<12} {}", number, name, rest);
}

}  // namespace

Result<Places> Places::read() {
    Places places;
    for (std::size_t room = 1024;; room *= 2) {
        places.processes_.resize(room);
        const auto count = vserver_list(places.processes_.data(), sizeof(vserver_process), room);
        if (count < 0) return fail(Code::failed, "{}", vserver_message());
        if (static_cast<std::size_t>(count) > room) continue;
        places.processes_.resize(static_cast<std::size_t>(count));
        return places;
    }
}

Place place_of(const vserver_process& process) {
    return {process.kind == VSERVER_KIND_HIDDEN ? "?" : std::to_string(process.context), process.name[0] != 0 ? process.name : "-"};
}

Place Places::of(int pid) const {
    auto found = std::ranges::find(processes_, pid, &vserver_process::pid);
    if (found != processes_.end()) return place_of(*found);
    vserver_process process = VSERVER_INIT_PROCESS;
    return vserver_examine(pid, &process) == 0 ? place_of(process) : Place{"?", "-"};
}

bool is_in(const Place& place, const std::string& choice) { return choice == "ALL" || place.number == choice || place.name == choice; }

std::optional<std::string> Table::line(std::string_view text) {
    if (end_of_pid_ == 0) {
        end_of_pid_ = end_of_title(text);
        return end_of_pid_ != 0 ? row("CTX", "NAME", text) : std::string(text);
    }
    auto pid = number_in_column(text, end_of_pid_);
    if (!pid) return std::string(text);
    const auto place = place_of_(*pid);
    if (only_ && !is_in(place, *only_)) return std::nullopt;
    return row(place.number, place.name, text);
}

std::string annotate_tree(std::string_view text, const PlaceOf& place_of) {
    std::string out;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == ')')
            if (auto pid = number_ending_at(text, at); pid && at > 0) {
                const auto place = place_of(*pid);
                const auto& word = place.name != "-" ? place.name : place.number;
                if (place.number != "0") out += " " + word;
            }
        out += text[at];
    }
    return out;
}

}  // namespace vs::tools
