// Surveys and their orders as text: a word that says what the line is, then the line.

#include "base/text.hpp"
#include "guard/survey.hpp"

namespace vs::guard {

namespace {

constexpr std::string_view kEnd = "end";

struct Line {
    std::string_view word, rest;
};

std::unexpected<Error> malformed() { return fail(Code::failed, "what the surveyor and its master say to each other is malformed"); }

Result<std::uint64_t> number(std::string_view text) {
    auto value = base::parse_number(text);
    if (!value) return malformed();
    return *value;
}

/// Calls `take` with each line, and wants an "end" as the last.
template <typename Take>
Result<> for_each_line(std::string_view text, Take take) {
    while (true) {
        auto end = text.find('\n');
        if (end == std::string_view::npos) return malformed();
        auto line = text.substr(0, end);
        text.remove_prefix(end + 1);
        if (line == kEnd) break;
        auto blank = line.find(' ');
        if (blank == std::string_view::npos) return malformed();
        TRY(take(Line{line.substr(0, blank), line.substr(blank + 1)}));
    }
    if (!text.empty()) return malformed();
    return {};
}

struct Pair {
    std::string first;
    std::string_view second;
};
Result<Pair> split_pair(std::string_view text) {
    auto blank = text.find(' ');
    if (blank == std::string_view::npos) return malformed();
    return Pair{TRY(unescape_word(text.substr(0, blank))), text.substr(blank + 1)};
}

Result<> take_survey_line(const Line& line, Survey& survey) {
    if (line.word == "now") {
        survey.entries.push_back({TRY(parse_entry(line.rest)), std::nullopt, {}});
    } else if (line.word == "below" && !survey.entries.empty()) {
        survey.entries.back().below = TRY(parse_entry(line.rest));
    } else if (line.word == "past" && !survey.entries.empty()) {
        survey.entries.back().past_digest = TRY(unescape_word(line.rest));
    } else if (line.word == "unknown") {
        auto pair = TRY(split_pair(line.rest));
        auto reason = TRY(unescape_word(pair.second));
        survey.unknown.push_back({std::move(pair.first), std::move(reason)});
    } else if (line.word == "disagrees") {
        survey.disagreeing.push_back(TRY(unescape_word(line.rest)));
    } else if (line.word == "reached") {
        survey.reached = TRY(unescape_word(line.rest));
    } else if (line.word == "looked_at") {
        survey.looked_at = TRY(number(line.rest));
    } else if (line.word == "hashed") {
        survey.hashed = TRY(number(line.rest));
    } else {
        return malformed();
    }
    return {};
}

Result<> take_order(const Line& line, SurveyOrders& orders) {
    if (line.word == "known" || line.word == "known_below") {
        auto entry = TRY(parse_entry(line.rest));
        auto path = entry.path;
        (line.word == "known" ? orders.known : orders.known_below).emplace(std::move(path), std::move(entry));
    } else if (line.word == "grown_from") {
        auto pair = TRY(split_pair(line.rest));
        orders.grown_from[pair.first] = TRY(number(pair.second));
    } else if (line.word == "rule") {
        auto pair = TRY(split_pair(line.rest));
        auto expectation = TRY(number(pair.second));
        if (expectation > static_cast<std::uint64_t>(Expectation::ignored)) return malformed();
        orders.rules.push_back({std::move(pair.first), static_cast<Expectation>(expectation)});
    } else if (line.word == "entries") {
        orders.budget.entries = TRY(number(line.rest));
    } else if (line.word == "bytes") {
        orders.budget.bytes = TRY(number(line.rest));
    } else if (line.word == "seconds") {
        orders.budget.time = std::chrono::seconds(TRY(number(line.rest)));
    } else if (line.word == "after") {
        orders.after = TRY(unescape_word(line.rest));
    } else if (line.word == "slice") {
        orders.slice = TRY(number(line.rest));
    } else if (line.word == "only") {
        orders.only.push_back(TRY(unescape_word(line.rest)));
        if (!orders.only.back().starts_with('/')) return malformed();
    } else if (line.word == "compare" && line.rest == "storage") {
        orders.storage = Storage::compared;
    } else {
        return malformed();
    }
    return {};
}

}  // namespace

std::string print_survey(const Survey& survey) {
    std::string text;
    for (const auto& seen : survey.entries) {
        text += "now " + print_entry(seen.now);
        if (seen.below) text += "below " + print_entry(*seen.below);
        if (!seen.past_digest.empty()) text += fmt::format("past {}\n", escape_word(seen.past_digest));
    }
    for (const auto& unknown : survey.unknown) text += fmt::format("unknown {} {}\n", escape_word(unknown.path), escape_word(unknown.reason));
    if (!survey.reached.empty()) text += fmt::format("reached {}\n", escape_word(survey.reached));
    for (const auto& path : survey.disagreeing) text += fmt::format("disagrees {}\n", escape_word(path));
    return text + fmt::format("looked_at {}\nhashed {}\n{}\n", survey.looked_at, survey.hashed, kEnd);
}

Result<Survey> parse_survey(std::string_view text) {
    Survey survey;
    TRY(for_each_line(text, [&](const Line& line) { return take_survey_line(line, survey); }));
    return survey;
}

std::string print_orders(const SurveyOrders& orders) {
    auto text = fmt::format("entries {}\nbytes {}\nseconds {}\n", orders.budget.entries, orders.budget.bytes, orders.budget.time.count());
    if (orders.storage == Storage::compared) text += "compare storage\n";
    if (!orders.after.empty()) text += fmt::format("after {}\n", escape_word(orders.after));
    if (orders.slice != UINT64_MAX) text += fmt::format("slice {}\n", orders.slice);
    for (const auto& path : orders.only) text += fmt::format("only {}\n", escape_word(path));
    for (const auto& rule : orders.rules) text += fmt::format("rule {} {}\n", escape_word(rule.path), static_cast<unsigned>(rule.expectation));
    for (const auto& [path, length] : orders.grown_from) text += fmt::format("grown_from {} {}\n", escape_word(path), length);
    for (const auto& [path, entry] : orders.known) text += "known " + print_entry(entry);
    for (const auto& [path, entry] : orders.known_below) text += "known_below " + print_entry(entry);
    return text + std::string(kEnd) + "\n";
}

Result<SurveyOrders> parse_orders(std::string_view text) {
    SurveyOrders orders;
    TRY(for_each_line(text, [&](const Line& line) { return take_order(line, orders); }));
    return orders;
}

}  // namespace vs::guard
