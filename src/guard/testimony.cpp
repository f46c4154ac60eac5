#include "guard/testimony.hpp"

#include <array>
#include <functional>

#include "base/text.hpp"
#include "guard/entry.hpp"
#include "sys/file.hpp"

namespace vs::guard {

namespace {

constexpr std::size_t kFlush = std::size_t{1} << 20;

constexpr std::array<std::string_view, 18> kNames = {"rule", "place", "nesting", "task", "program", "maps", "vanished", "socket", "mounts", "alive",
                                                     "open", "ps", "proc", "ports", "told", "asked", "present", "silent"};
constexpr std::string_view kEnd = "end\n";

std::unexpected<Error> malformed() { return fail(Code::failed, "what was gathered of a server is malformed"); }

/// From pieces to what they say.
class Listener {
  public:
    Result<> take(Piece kind, const std::string& of, std::string_view bytes);
    Findings conclude() &&;

  private:
    Result<> take_rule(const std::string& path, std::string_view bytes);
    Result<> take_socket(std::string_view bytes);
    Result<> take_host(Piece kind, const std::string& of, std::string_view bytes);
    Result<> take_story(Piece kind, const std::string& of, std::string_view bytes);

    TwoViews views_;
    Expected expected_;
    std::vector<sys::TaskText> tasks_;
    std::set<std::string, std::less<>> asked_;
};

Result<std::uint64_t> number(std::string_view text) {
    auto value = base::parse_number(text);
    if (!value) return malformed();
    return *value;
}

Result<> Listener::take_rule(const std::string& path, std::string_view bytes) {
    auto expectation = TRY(number(bytes));
    if (!path.starts_with('/') || expectation > static_cast<unsigned>(Expectation::ignored)) return malformed();
    expected_.rules.push_back({path, static_cast<Expectation>(expectation)});
    return {};
}

Result<> Listener::take_socket(std::string_view bytes) {
    auto words = base::split(bytes, ' ');
    if (words.size() != 4) return malformed();
    auto port = TRY(number(words[1]));
    auto uid = TRY(number(words[3]));
    views_.before.sockets.push_back({std::string(words[0]), static_cast<std::uint16_t>(port), std::string(words[2]), static_cast<std::uint32_t>(uid), 0});
    return {};
}

Result<> Listener::take_host(Piece kind, const std::string& of, std::string_view bytes) {
    switch (kind) {
        case Piece::task: tasks_.push_back({static_cast<pid_t>(TRY(number(of))), std::string(bytes), {}, {}}); return {};
        case Piece::program:
        case Piece::maps: {
            if (tasks_.empty()) return malformed();
            (kind == Piece::maps ? tasks_.back().maps : tasks_.back().program) = bytes;
            return {};
        }
        case Piece::vanished: ++views_.vanished; return {};
        case Piece::socket: return take_socket(bytes);
        case Piece::mounts: views_.before.mounts = sys::parse_mount_table(bytes); return {};
        case Piece::alive: views_.alive_after = parse_pids(bytes, 0); return {};
        default: views_.open_after.emplace(of); return {};
    }
}

Result<> Listener::take_story(Piece kind, const std::string& of, std::string_view bytes) {
    auto& story = views_.story;
    switch (kind) {
        case Piece::ps: story.ps = parse_pids(bytes, TRY(number(of))); return {};
        case Piece::proc: story.proc = parse_pids(bytes, 0); return {};
        case Piece::ports: story.ports[of] = parse_ports(bytes); return {};
        case Piece::asked: asked_.insert(of); return {};
        case Piece::present: {
            for (auto name : base::split(bytes, '\0'))
                if (!name.empty()) views_.names[of].emplace(name);
            return {};
        }
        case Piece::told: {
            if (!story.names) story.names.emplace();
            for (auto& [directory, names] : parse_names(bytes, asked_)) (*story.names)[directory].merge(names);
            return {};
        }
        default: story.silent.push_back({of, std::string(bytes)}); return {};
    }
}

Result<> Listener::take(Piece kind, const std::string& of, std::string_view bytes) {
    if (kind == Piece::rule) return take_rule(of, bytes);
    if (kind == Piece::place) expected_.places.insert(of);
    else if (kind == Piece::nesting) expected_.nesting = true;
    else return kind <= Piece::open ? take_host(kind, of, bytes) : take_story(kind, of, bytes);
    return {};
}

Findings Listener::conclude() && {
    for (const auto& text : tasks_) views_.before.tasks.push_back(sys::parse_task(text, 1));
    Findings findings;
    findings.sightings = compare_views(views_, expected_);
    findings.unknown = views_.story.silent;
    findings.processes = views_.before.tasks.size();
    findings.sockets = views_.before.sockets.size();
    findings.mounts = views_.before.mounts.size();
    findings.movers = count_movers(views_);
    return findings;
}

/// Takes the next piece off the text.
Result<> take_piece(std::string_view& text, Listener& listener) {
    auto end = text.find('\n');
    if (end == std::string_view::npos) return malformed();
    auto words = base::split(text.substr(0, end), ' ');
    text.remove_prefix(end + 1);
    auto name = std::find(kNames.begin(), kNames.end(), words[0]);
    if (words.size() != 3 || name == kNames.end()) return malformed();
    auto size = TRY(number(words[2]));
    if (size >= text.size() || text[size] != '\n') return malformed();
    TRY(listener.take(static_cast<Piece>(name - kNames.begin()), TRY(unescape_word(words[1])), text.substr(0, size)));
    text.remove_prefix(size + 1);
    return {};
}

}  // namespace

Result<> Testimony::add(Piece kind, std::string_view of, std::string_view bytes) {
    waiting_ += fmt::format("{} {} {}\n", kNames[static_cast<std::size_t>(kind)], escape_word(of), bytes.size());
    waiting_ += bytes;
    waiting_ += '\n';
    size_ += bytes.size();
    return waiting_.size() < kFlush ? Result<>() : flush();
}

Result<> Testimony::add(const Expected& expected) {
    for (const auto& rule : expected.rules) TRY(add(Piece::rule, rule.path, std::to_string(static_cast<unsigned>(rule.expectation))));
    for (const auto& place : expected.places) TRY(add(Piece::place, place, ""));
    return expected.nesting ? add(Piece::nesting, "", "") : Result<>();
}

Result<> Testimony::finish() {
    waiting_ += kEnd;
    return flush();
}

Result<> Testimony::flush() {
    TRY(sys::write_all(file_, waiting_));
    waiting_.clear();
    return {};
}

bool Testimony::has_room_for(std::size_t size) const {
    constexpr std::size_t kMost = kLargestTestimony / 2;  // the rest is for what is always there
    return size_ + size <= kMost;
}

Result<Findings> look_into(std::string_view testimony) {
    Listener listener;
    while (testimony != kEnd) TRY(take_piece(testimony, listener));
    return std::move(listener).conclude();
}

std::string print_findings(const Findings& findings) {
    std::string text;
    for (const auto& sighting : findings.sightings)
        text += fmt::format("sighting {} {} {}\n", trick_name(sighting.trick), escape_word(sighting.subject), escape_word(sighting.detail));
    for (const auto& unknown : findings.unknown) text += fmt::format("unknown {} {}\n", escape_word(unknown.path), escape_word(unknown.reason));
    return text + fmt::format("counts {} {} {} {}\n{}", findings.processes, findings.sockets, findings.mounts, findings.movers, kEnd);
}

namespace {

using Words = std::vector<std::string_view>;

Result<> take_sighting(const Words& words, Findings& findings) {
    for (auto trick = Trick::hidden_process; trick <= Trick::anonymous_code; trick = static_cast<Trick>(static_cast<unsigned>(trick) + 1)) {
        if (trick_name(trick) != words[1]) continue;
        auto subject = TRY(unescape_word(words[2])), detail = TRY(unescape_word(words[3]));
        findings.sightings.push_back({trick, std::move(subject), std::move(detail)});
        return {};
    }
    return malformed();
}

Result<> take_line(const Words& words, Findings& findings) {
    if (words[0] == "sighting" && words.size() == 4) return take_sighting(words, findings);
    if (words[0] == "unknown" && words.size() == 3) {
        auto path = TRY(unescape_word(words[1])), reason = TRY(unescape_word(words[2]));
        findings.unknown.push_back({std::move(path), std::move(reason)});
        return {};
    }
    if (words[0] != "counts" || words.size() != 5) return malformed();
    findings.processes = TRY(number(words[1]));
    findings.sockets = TRY(number(words[2]));
    findings.mounts = TRY(number(words[3]));
    findings.movers = TRY(number(words[4]));
    return {};
}

}  // namespace

Result<Findings> parse_findings(std::string_view text) {
    Findings findings;
    while (text != kEnd) {
        auto end = text.find('\n');
        if (end == std::string_view::npos) return malformed();
        TRY(take_line(base::split(text.substr(0, end), ' '), findings));
        text.remove_prefix(end + 1);
    }
    return findings;
}

}  // namespace vs::guard
