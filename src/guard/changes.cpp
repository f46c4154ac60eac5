#include "guard/changes.hpp"

#include "base/text.hpp"
#include "model/name.hpp"

namespace vs::guard {

namespace {

constexpr std::string_view kLost = "lost", kFailed = "failed: ";
constexpr std::size_t kMostNamed = 3;

std::unexpected<Error> malformed() { return fail(Code::failed, "a message about file events is malformed"); }

}  // namespace

void Changes::take(const sys::FileWatch::Batch& batch) {
    lost_ = lost_ || batch.lost;
    for (const auto& event : batch.events) take(event);
}

/// SERVER/upper/... or SERVER/volumes/...; what else is there is ours.
void Changes::take(const sys::FileEvent& event) {
    if (!event.directory.starts_with(own_)) return;
    auto rest = std::string_view(event.directory).substr(own_.size());
    auto slash = rest.find('/');
    if (slash == rest.npos) return;
    auto name = std::string(rest.substr(0, slash)), place = std::string(rest.substr(slash + 1));
    bool its_own = place == "upper" || place.starts_with("upper/");
    if (!its_own && !place.starts_with("volumes")) return;
    if (its_own && is_dull(name, place.substr(5) + "/" + event.name, event.change)) return;
    auto& who = changed_[name];
    if (who.size() < kMostNamed) who.insert(event.pid);
}

/// Data being written where data belongs; a new name or a new mode could be a privileged program.
bool Changes::is_dull(const std::string& name, const std::string& path, sys::FileChange change) const {
    if (change != sys::FileChange::content) return false;
    auto policy = policies_.find(name);
    return policy != policies_.end() && policy->second.of_path(path) == Expectation::ignored;
}

Result<> Changes::expect(std::string_view message) {
    auto lines = base::split(message, '\n');
    std::vector<Rule> rules;
    for (std::size_t i = 1; i < lines.size(); ++i) {
        auto expectation = base::parse_number(lines[i].substr(0, lines[i].find(' ')));
        auto path = lines[i].substr(std::min(lines[i].size(), lines[i].find(' ') + 1));
        if (!expectation || *expectation > static_cast<unsigned>(Expectation::ignored) || !path.starts_with('/')) return malformed();
        rules.push_back({std::string(path), static_cast<Expectation>(*expectation)});
    }
    policies_.insert_or_assign(std::string(lines[0]), Policy(std::move(rules)));
    return {};
}

std::optional<std::string> Changes::next() const {
    if (lost_) return std::string(kLost);
    if (changed_.empty()) return std::nullopt;
    const auto& [name, who] = *changed_.begin();
    return fmt::format("{} {}", name, fmt::join(who, " "));
}

void Changes::said() {
    if (!std::exchange(lost_, false)) changed_.erase(changed_.begin());
}

Result<Changed> parse_changed(std::string_view message) {
    if (message == kLost) return Changed();
    if (message.starts_with(kFailed)) return fail(Code::failed, "the reader of file events: {}", base::escape_control(message.substr(kFailed.size())));
    auto words = base::split(message, ' ');
    if (words.size() < 2 || words.size() > kMostNamed + 1) return malformed();
    Changed changed{TRY(model::ServerName::parse(words[0])).text(), {}};
    for (std::size_t i = 1; i < words.size(); ++i) {
        auto pid = base::parse_number(words[i]);
        if (!pid || *pid > INT32_MAX) return malformed();
        changed.who.push_back(static_cast<pid_t>(*pid));
    }
    return changed;
}

std::string print_failure(const Error& error) { return fmt::format("{}{}", kFailed, error.message()); }

std::string print_expectations(std::string_view server, const std::vector<Rule>& rules) {
    std::string text(server);
    for (const auto& rule : rules) text += fmt::format("\n{} {}", static_cast<unsigned>(rule.expectation), rule.path);
    return text;
}

}  // namespace vs::guard
