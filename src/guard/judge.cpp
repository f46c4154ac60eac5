#include "guard/judge.hpp"

#include <algorithm>
#include <array>
#include <unordered_set>

namespace vs::guard {

namespace {

void add_detail(std::string& detail, std::string text) { detail += (detail.empty() ? "" : ", ") + std::move(text); }

/// In what two entries differ, for people.
std::string compare(const Entry& now, const Entry& before) {
    if (now.kind != before.kind) return fmt::format("{} -> {}", kind_name(before.kind), kind_name(now.kind));
    std::string detail;
    if (now.size != before.size || now.digest != before.digest) add_detail(detail, "content");
    if (now.target != before.target && now.kind == Kind::link) add_detail(detail, fmt::format("target {} -> {}", before.target, now.target));
    if (now.mode != before.mode) add_detail(detail, fmt::format("mode {:04o} -> {:04o}", before.mode, now.mode));
    if (now.uid != before.uid || now.gid != before.gid)
        add_detail(detail, fmt::format("owner {}:{} -> {}:{}", before.uid, before.gid, now.uid, now.gid));
    if (now.capability != before.capability) add_detail(detail, now.capability ? "a capability" : "lost its capability");
    else if (now.xattrs != before.xattrs) add_detail(detail, "extended attributes");
    return detail;
}

std::string describe(const Entry& entry) {
    std::string detail = entry.kind == Kind::file ? "" : std::string(kind_name(entry.kind));
    if (entry.kind == Kind::link) detail += " to " + entry.target;
    if (entry.is_privileged()) add_detail(detail, fmt::format("privileged, mode {:04o}{}", entry.mode, entry.capability ? ", a capability" : ""));
    return detail;
}

/// A copied-up file or directory of the image carries nothing new.
bool is_as_in_image(const Entry& now, const Entry& below) {
    Entry own = now;
    own.opaque = below.opaque;
    if (own.kind == Kind::directory) own.target = below.target;
    return own.is_same_as(below);
}

/// As logrotate(8) names what it makes of a log.
bool goes_on(std::string_view path, std::string_view name) {
    return path.starts_with(name) && path.size() > name.size() && (path[name.size()] == '.' || path[name.size()] == '-');
}

class Judge {
  public:
    Judge(const Survey& survey, const Accepted& accepted, const Policy& policy) : survey_(survey), accepted_(accepted), policy_(policy) {}

    std::vector<Difference> run() {
        for (const auto& seen : survey_.entries) {
            paths_.insert(seen.now.path);
            inodes_.insert(seen.now.stamp.inode);
        }
        for (const auto& seen : survey_.entries) judge_entry(seen);
        for (const auto& [path, entry] : accepted_) judge_absence(entry);
        for (const auto& path : survey_.disagreeing) add(Change::disagrees, path, "what is cached is not what is stored");
        std::sort(found_.begin(), found_.end(), [](const auto& a, const auto& b) { return std::tie(a.path, a.change) < std::tie(b.path, b.change); });
        return std::move(found_);
    }

  private:
    void add(Change change, const std::string& path, std::string detail) {
        found_.push_back({change, path, policy_.of_path(path), std::move(detail)});
    }

    void judge_entry(const Observed& seen) {
        auto accepted = accepted_.find(seen.now.path);
        bool known = accepted != accepted_.end();
        if (known && seen.now.is_same_as(accepted->second)) return;
        switch (policy_.of_path(seen.now.path)) {
            case Expectation::ignored: return judge_privilege(seen);
            case Expectation::growing:
                if (seen.now.is_privileged()) return judge_privilege(seen);
                if (known) return judge_growth(seen, accepted->second);
                return;
            case Expectation::frozen:
            case Expectation::packages: return known ? judge_change(seen.now, accepted->second) : judge_against_image(seen);
        }
    }

    void judge_privilege(const Observed& seen) {
        if (!seen.now.is_privileged() || (seen.below && is_as_in_image(seen.now, *seen.below))) return;
        add(Change::privileged, seen.now.path, describe(seen.now));
    }

    void judge_growth(const Observed& seen, const Entry& before) {
        if (seen.now.kind == Kind::whiteout) return judge_removed_log(before);
        if (seen.now.kind != before.kind) return add(Change::modified, seen.now.path, compare(seen.now, before));
        bool rotated = seen.now.stamp.inode != before.stamp.inode;  // a new file under the old name
        if (seen.now.kind != Kind::file) return;
        if (rotated && was_rotated(before)) return;
        if (seen.past_digest != before.digest) add(Change::rewritten, seen.now.path, fmt::format("{} bytes are not what they were", before.size));
    }

    void judge_change(const Entry& now, const Entry& before) {
        if (now.kind == Kind::whiteout) return add(Change::removed, now.path, describe(before));
        if (now.opaque && !before.opaque) return add(Change::replaced, now.path, "a new directory of the same name");
        if (now.kind == Kind::directory && now.target != before.target) return add(Change::moved, now.path, "from " + now.target);
        add(Change::modified, now.path, compare(now, before));
    }

    void judge_against_image(const Observed& seen) {
        const auto& now = seen.now;
        bool is_directory = now.kind == Kind::directory;
        if (is_directory && !now.target.empty()) return add(Change::moved, now.path, "from " + now.target);
        if (!seen.below) {
            if (now.kind != Kind::whiteout) add(Change::added, now.path, describe(now));
            return;
        }
        if (now.kind == Kind::whiteout) return add(Change::removed, now.path, describe(*seen.below));
        if (is_directory && now.opaque) return add(Change::replaced, now.path, fmt::format("the image has a {} there", kind_name(seen.below->kind)));
        if (!is_as_in_image(now, *seen.below)) add(Change::modified, now.path, compare(now, *seen.below));
    }

    /// Accepted, and not there any more.
    void judge_absence(const Entry& before) {
        if (paths_.contains(before.path) || before.kind == Kind::whiteout) return;
        auto expectation = policy_.of_path(before.path);
        if (expectation == Expectation::ignored) return;
        if (expectation == Expectation::growing) return judge_removed_log(before);
        add(Change::removed, before.path, describe(before));
    }

    void judge_removed_log(const Entry& before) {
        if (before.kind == Kind::file && !was_rotated(before)) add(Change::removed, before.path, describe(before));
    }

    /// A log that has another name now, or whose kin has: l.log.1, l.log-20260102.gz, l.log.old, l.1.log.
    [[nodiscard]] bool was_rotated(const Entry& before) const {
        if (inodes_.contains(before.stamp.inode)) return true;
        const auto stem = before.path.substr(0, before.path.find('.', before.path.rfind('/') + 2));  // a name may begin with a dot
        return std::ranges::any_of(paths_, [&](const std::string& path) {
            return path != before.path && (goes_on(path, before.path) || (goes_on(path, stem) && path.find_first_of("0123456789", stem.size()) != path.npos));
        });
    }

    const Survey& survey_;
    const Accepted& accepted_;
    const Policy& policy_;
    std::unordered_set<std::string> paths_;
    std::unordered_set<std::uint64_t> inodes_;
    std::vector<Difference> found_;
};

}  // namespace

std::string_view verdict_name(Verdict verdict) {
    constexpr std::array<std::string_view, 3> kNames = {"OK", "CHANGED", "UNKNOWN"};
    return kNames[static_cast<std::size_t>(verdict)];
}

int verdict_status(Verdict verdict) {
    constexpr std::array kStatus = {0, 1, 8};
    return kStatus[static_cast<std::size_t>(verdict)];
}

std::string_view change_name(Change change) {
    constexpr std::array<std::string_view, 8> kNames = {"added", "modified", "removed", "replaced", "moved", "rewritten", "privileged", "disagrees"};
    return kNames[static_cast<std::size_t>(change)];
}

std::vector<Difference> judge(const Survey& survey, const Accepted& accepted, const Policy& policy) { return Judge(survey, accepted, policy).run(); }

Verdict verdict_of(const std::vector<Difference>& differences, const std::vector<Unknown>& unknown) {
    if (!differences.empty()) return Verdict::changed;
    return unknown.empty() ? Verdict::ok : Verdict::unknown;
}

}  // namespace vs::guard
