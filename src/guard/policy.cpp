#include "guard/policy.hpp"

#include <algorithm>
#include <array>

namespace vs::guard {

namespace {

struct DefaultRule {
    std::string_view path;
    Expectation expectation;
};

// docs/security.md has the reasons. Data that a server exists to change is not a matter of integrity; programs, settings,
// keys, and what is started by itself are.
constexpr DefaultRule kDefaults[] = {
    {"/", Expectation::frozen},
    {"/dev", Expectation::ignored},
    {"/proc", Expectation::ignored},
    {"/run", Expectation::ignored},
    {"/sys", Expectation::ignored},
    {"/tmp", Expectation::ignored},

    {"/usr", Expectation::packages},
    {"/usr/local", Expectation::frozen},
    {"/boot", Expectation::packages},
    {"/var", Expectation::ignored},
    {"/var/lib/dpkg", Expectation::packages},
    {"/var/lib/dpkg/lock", Expectation::ignored},
    {"/var/lib/dpkg/lock-frontend", Expectation::ignored},
    {"/var/lib/dpkg/triggers/Lock", Expectation::ignored},
    {"/var/log", Expectation::growing},
    {"/var/log/journal", Expectation::ignored},  // its files are rewritten in place
    {"/var/log/wtmp", Expectation::growing},
    {"/var/log/lastlog", Expectation::ignored},
    {"/var/log/faillog", Expectation::ignored},
    {"/var/spool/cron", Expectation::frozen},
    {"/var/www", Expectation::frozen},

    {"/etc/.pwd.lock", Expectation::ignored},
    {"/etc/.updated", Expectation::ignored},  // systemd-update-done(8)
    {"/etc/adjtime", Expectation::ignored},
    {"/etc/mtab", Expectation::ignored},
    {"/etc/resolv.conf", Expectation::ignored},
    {"/etc/apt", Expectation::frozen},

    {"/home", Expectation::ignored},
    {"/home/*/.ssh", Expectation::frozen},
    {"/home/*/.config/systemd", Expectation::frozen},
    {"/home/*/.profile", Expectation::frozen},
    {"/home/*/.bashrc", Expectation::frozen},
    {"/home/*/.bash_profile", Expectation::frozen},
    {"/root/.bash_history", Expectation::ignored},
    {"/root/.cache", Expectation::ignored},
    {"/root/.lesshst", Expectation::ignored},
    {"/root/.viminfo", Expectation::ignored},
    {"/srv", Expectation::ignored},
};

/// The next name of a path without its leading '/', taken off.
std::string_view take_name(std::string_view& path) {
    auto slash = path.find('/');
    auto name = path.substr(0, slash);
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
    return name;
}

/// How many names of `path` the rule covers; -1 where it is about another path.
int match(std::string_view rule, std::string_view path) {
    rule.remove_prefix(1), path.remove_prefix(1);
    int names = 0;
    while (!rule.empty()) {
        if (path.empty()) return -1;
        auto wanted = take_name(rule), name = take_name(path);
        if (wanted != "*" && wanted != name) return -1;
        ++names;
    }
    return names;
}

/// Whether the rule is about something below the path.
bool lies_below(std::string_view rule, std::string_view path) {
    rule.remove_prefix(1), path.remove_prefix(1);
    while (!path.empty()) {
        if (rule.empty()) return false;
        auto wanted = take_name(rule), name = take_name(path);
        if (wanted != "*" && wanted != name) return false;
    }
    return !rule.empty();
}

}  // namespace

std::string_view expectation_name(Expectation expectation) {
    constexpr std::array<std::string_view, 4> kNames = {"frozen", "packages", "growing", "ignored"};
    return kNames[static_cast<std::size_t>(expectation)];
}

Policy Policy::of(const model::GuardSettings& settings) {
    std::vector<Rule> rules;
    for (const auto& rule : kDefaults) rules.push_back({std::string(rule.path), rule.expectation});
    auto add = [&](const std::vector<std::string>& paths, Expectation expectation) {
        for (const auto& path : paths) rules.push_back({path, expectation});
    };
    add(settings.ignored, Expectation::ignored);
    add(settings.growing, Expectation::growing);
    add(settings.frozen, Expectation::frozen);  // named twice, the stricter holds
    return Policy(std::move(rules));
}

Policy Policy::all_frozen() { return Policy({{"/", Expectation::frozen}}); }

Expectation Policy::of_path(std::string_view path) const {
    int best = -1;
    Expectation expectation = Expectation::frozen;
    for (const auto& rule : rules_) {
        int names = match(rule.path, path);
        if (names < best || names < 0) continue;
        best = names;
        expectation = rule.expectation;
    }
    return expectation;
}

bool Policy::expects_below(std::string_view path) const {
    return std::ranges::any_of(rules_, [&](const Rule& rule) { return rule.expectation != Expectation::ignored && lies_below(rule.path, path); });
}

}  // namespace vs::guard
