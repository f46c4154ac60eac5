#include "guard/survey.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "guard/look.hpp"
#include "sys/content.hpp"
#include "sys/file.hpp"

namespace vs::guard {

namespace {

constexpr std::size_t kDeepest = 256;  // each level holds two descriptors

class Walker {
  public:
    Walker(const SurveyOrders& orders, const AskMarks& ask) : orders_(orders), ask_(ask), policy_(orders.rules), look_(orders, survey_) {}

    void walk_tree(const SurveyTree& tree);
    void look_at(const std::vector<SurveyTree>& trees, const std::string& path);
    Survey finish() && { return std::move(survey_); }

  private:
    void walk(const Place& place, std::size_t depth);
    void visit(const Place& place, const std::string& name, std::size_t depth);
    bool was_before(const Place& place, const std::string& name, std::size_t depth);
    Result<Observed> observe(const Place& place, const std::string& name, const struct stat& status);
    Result<> observe_file(const Place& place, const std::string& name, sys::FdRef file, Observed& seen);
    Result<> observe_data(const Place& place, const std::string& name, sys::FdRef file, Observed& seen);
    Result<> observe_directory(sys::FdRef dir, Entry& entry);
    bool may_be_metacopy(sys::FdRef file, const Entry& entry) const;
    Result<> take_image_content(const Place& place, const std::string& where, Entry& entry);
    void descend(const Place& place, const std::string& name, const Entry& entry, std::size_t depth);
    /// The image's directory that an own one covers; not open where there is none.
    Result<sys::DirFd> open_below(const Place& place, const std::string& name, const Entry& entry) const;
    void remember(const Place& place);
    void look_again(const SurveyTree& tree);
    void not_known(const std::string& path, std::string reason) { survey_.unknown.push_back({path.empty() ? "/" : path, std::move(reason)}); }
    [[nodiscard]] bool matters(const Entry& entry) const { return entry.is_privileged() || expected_ != Expectation::ignored; }
    [[nodiscard]] bool is_sliced() const { return orders_.slice != UINT64_MAX; }
    [[nodiscard]] bool is_over_budget() const {
        return survey_.looked_at >= orders_.budget.entries || std::chrono::steady_clock::now() > deadline_;
    }

    const SurveyOrders& orders_;
    const AskMarks& ask_;
    Policy policy_;
    Survey survey_;
    Looker look_;
    Expectation expected_{};     ///< of what is being looked at
    std::vector<Entry> walked_;  ///< directories, as they were before they were read
    std::optional<sys::FdRef> image_;
    std::chrono::steady_clock::time_point deadline_ = std::chrono::steady_clock::now() + orders_.budget.time;
};

/// The content of a file of which only the dress was copied up (metacopy).
Result<> Walker::take_image_content(const Place& place, const std::string& where, Entry& entry) {
    bool absolute = where.starts_with('/');
    if (place.below == nullptr && !absolute) return fail(Code::failed, "the content that it takes from the image is not there");
    auto from = absolute ? *image_ : sys::FdRef(*place.below);
    auto file = TRY(sys::open_beneath(from, absolute ? where.substr(1) : where, O_RDONLY | O_NONBLOCK | O_NOCTTY));
    auto content = entry_of(entry.path, TRY(sys::stat_fd(file)));
    TRY(look_.read_file({file}, content));
    entry.digest = content.digest;
    return {};
}

/// One whose data was not copied up has none. Asking about every file would be a round trip to another process for each.
bool Walker::may_be_metacopy(sys::FdRef file, const Entry& entry) const {
    if (!image_ || entry.size == 0) return false;
    auto data = sys::next_data(file, 0);
    return !data || !*data;
}

Result<> Walker::observe_file(const Place& place, const std::string& name, sys::FdRef file, Observed& seen) {
    auto& entry = seen.now;
    if (!look_.recall(entry, orders_.known)) {
        auto stored = TRY(look_.open_storage(place.dir, name));
        TRY(look_.read_file({file, stored}, entry));
        auto marks = may_be_metacopy(file, entry) ? TRY(ask_(file)) : OverlayMarks();
        if (marks.metacopy) TRY(take_image_content(place, marks.redirect.empty() ? name : marks.redirect, entry));
    }
    if (expected_ == Expectation::growing) seen.past_digest = TRY(look_.past_digest(file, entry));
    return {};
}

/// Its content may be what it likes, its privileges may not.
Result<> Walker::observe_data(const Place& place, const std::string& name, sys::FdRef file, Observed& seen) {
    constexpr unsigned kExecutable = 0111;
    if ((seen.now.mode & kExecutable) != 0) TRY(Looker::add_xattrs(file, seen.now));
    return seen.now.is_privileged() ? observe_file(place, name, file, seen) : Result<>();
}

Result<> Walker::observe_directory(sys::FdRef dir, Entry& entry) {
    if (expected_ == Expectation::ignored || look_.recall(entry, orders_.known)) return {};
    TRY(Looker::add_xattrs(dir, entry));
    auto marks = image_ ? TRY(ask_(dir)) : OverlayMarks();
    entry.opaque = marks.opaque;
    entry.target = marks.redirect;
    return look_.forget_if_young(dir, entry);
}

Result<Observed> Walker::observe(const Place& place, const std::string& name, const struct stat& status) {
    Observed seen{entry_of(place.path + "/" + name, status), std::nullopt, {}};
    auto& entry = seen.now;
    if (entry.kind == Kind::link) entry.target = TRY(sys::read_link(place.dir, name));
    if (entry.kind == Kind::directory) TRY(observe_directory(TRY(sys::open_beneath(place.dir, name, O_RDONLY | O_DIRECTORY)), entry));
    if (entry.kind == Kind::file) {
        auto file = TRY(open_file(place.dir, name, status));
        TRY(expected_ == Expectation::ignored ? observe_data(place, name, file, seen) : observe_file(place, name, file, seen));
    }
    if (place.below != nullptr && matters(entry)) seen.below = TRY(look_.look_below(*place.below, name, entry));
    return seen;
}

Result<sys::DirFd> Walker::open_below(const Place& place, const std::string& name, const Entry& entry) const {
    if (entry.opaque) return sys::DirFd();
    bool absolute = entry.target.starts_with('/');
    if (!absolute && place.below == nullptr) return sys::DirFd();
    auto from = absolute ? *image_ : sys::FdRef(*place.below);
    auto path = absolute ? entry.target.substr(1) : entry.target.empty() ? name : entry.target;
    auto dir = sys::open_beneath(from, path, O_RDONLY | O_DIRECTORY);
    if (dir) return sys::DirFd(dir->release());
    int reason = dir.error().errno_value;
    if (reason == ENOENT || reason == ENOTDIR || reason == ELOOP) return sys::DirFd();
    return std::unexpected<Error>(dir.error());
}

void Walker::descend(const Place& place, const std::string& name, const Entry& entry, std::size_t depth) {
    if (depth == kDeepest) return not_known(entry.path, "it is deeper than the scan goes");
    auto dir = sys::open_beneath(place.dir, name, O_RDONLY | O_DIRECTORY);
    if (!dir) return not_known(entry.path, dir.error().message());
    auto below = open_below(place, name, entry);
    if (!below) return not_known(entry.path, below.error().message());
    sys::DirFd own(dir->release());
    walk({own, below->is_open() ? &*below : nullptr, entry.path}, depth + 1);
}

/// What was looked at in slices before this one; a directory on the way to where that ended is still to be entered.
bool Walker::was_before(const Place& place, const std::string& name, std::size_t depth) {
    auto path = place.path + "/" + name;
    if (orders_.after.empty() || comes_before(orders_.after, path)) return false;
    if (orders_.after.starts_with(path + "/")) descend(place, name, entry_of(path, {}), depth);
    return true;
}

void Walker::visit(const Place& place, const std::string& name, std::size_t depth) {
    if (was_before(place, name, depth)) return;
    auto path = place.path + "/" + name;
    ++survey_.looked_at;
    look_.begin();
    expected_ = policy_.of_path(path);
    auto status = sys::stat_at(place.dir, name);
    if (!status && status.error().errno_value == ENOENT) return;  // gone since the directory was read
    if (!status) return not_known(path, status.error().message());
    auto seen = observe(place, name, *status);
    if (!seen && seen.error().errno_value == ENOENT) return;
    if (!seen) return not_known(path, seen.error().message());
    auto entry = seen->now;
    if (matters(entry)) survey_.entries.push_back(std::move(*seen));
    if (entry.kind == Kind::directory) descend(place, name, entry, depth);
    else if (look_.has_read() >= orders_.slice) survey_.reached = path;
}

void Walker::remember(const Place& place) {
    const auto expected = policy_.of_path(place.path.empty() ? "/" : place.path);
    if (expected != Expectation::frozen && expected != Expectation::packages) return;
    if (auto status = sys::stat_fd(place.dir)) return walked_.push_back(entry_of(place.path, *status));
    not_known(place.path, "it cannot be looked at");
}

/// Who moves a file from a directory that is still to be read to one that was read already would have it seen nowhere.
void Walker::look_again(const SurveyTree& tree) {
    for (const auto& before : walked_) {
        auto dir = sys::open_beneath(tree.dir, "." + before.path.substr(tree.at.size()), O_PATH | O_DIRECTORY);
        auto status = dir ? sys::stat_fd(*dir) : Result<struct stat>(std::unexpected<Error>(dir.error()));
        if (!status || entry_of(before.path, *status).stamp != before.stamp) not_known(before.path, "it changes while it is looked at");
    }
    walked_.clear();
}

void Walker::walk(const Place& place, std::size_t depth) {
    remember(place);
    auto names = sys::list_hostile_dir(place.dir, orders_.budget.entries - std::min(orders_.budget.entries, survey_.looked_at));
    if (!names) return not_known(place.path, names.error().message());
    if (is_sliced()) std::ranges::sort(*names);
    for (const auto& name : *names) {
        if (!survey_.reached.empty()) return;
        if (is_over_budget()) return not_known(place.path, "there is more to look at than the scan may");
        visit(place, name, depth);
    }
}

void Walker::walk_tree(const SurveyTree& tree) {
    image_ = tree.below;
    auto dir = sys::open_beneath(tree.dir, ".", O_RDONLY | O_DIRECTORY);
    if (!dir) return not_known(tree.at, dir.error().message());
    sys::DirFd own(dir->release());
    auto below = tree.below ? sys::open_beneath(*tree.below, ".", O_RDONLY | O_DIRECTORY) : Result<sys::Fd>(sys::Fd());
    if (!below) return not_known(tree.at, below.error().message());
    sys::DirFd image(below->release());
    walk({own, tree.below ? &image : nullptr, tree.at}, 0);
    look_again(tree);
}

/// The file of that name in the tree that lies there, if it is the server's own.
void Walker::look_at(const std::vector<SurveyTree>& trees, const std::string& path) {
    const SurveyTree* best = nullptr;
    for (const auto& tree : trees) {
        bool covers = path.starts_with(tree.at + "/");
        if (covers && (best == nullptr || tree.at.size() > best->at.size())) best = &tree;
    }
    if (best == nullptr) return not_known(path, "it is in no tree of the server's");
    image_ = best->below;
    auto slash = path.rfind('/');
    auto parent = path.substr(0, slash);
    auto dir = sys::open_beneath(best->dir, "." + parent.substr(std::min(parent.size(), best->at.size())), O_RDONLY | O_DIRECTORY);
    if (!dir && (dir.error().errno_value == ENOENT || dir.error().errno_value == ENOTDIR)) return;
    if (!dir) return not_known(path, dir.error().message());
    sys::DirFd own(dir->release());
    visit({own, nullptr, parent}, path.substr(slash + 1), kDeepest);
}

}  // namespace

bool comes_before(std::string_view one, std::string_view other) {
    auto weight = [](char c) { return c == '/' ? 0U : static_cast<unsigned>(static_cast<unsigned char>(c)); };  // no name has a NUL
    return std::ranges::lexicographical_compare(one, other, {}, weight, weight);
}

Survey survey(const std::vector<SurveyTree>& trees, const SurveyOrders& orders, const AskMarks& ask) {
    Walker walker(orders, ask);
    for (const auto& path : orders.only) walker.look_at(trees, path);
    if (orders.only.empty())
        for (const auto& tree : trees) walker.walk_tree(tree);
    return std::move(walker).finish();
}

}  // namespace vs::guard
