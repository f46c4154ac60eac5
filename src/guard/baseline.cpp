#include "guard/baseline.hpp"

#include <cerrno>
#include <set>

#include "base/text.hpp"
#include "sys/file.hpp"

namespace vs::guard {

namespace {

constexpr const char* kAccepted = "accepted";
constexpr const char* kSeen = "seen";
constexpr const char* kManifest = "manifest";
constexpr const char* kChecked = "checked";
constexpr const char* kReading = "reading";
constexpr std::size_t kLargest = std::size_t{1} << 30;

Result<std::optional<std::string>> read_if_there(sys::FdRef dir, const std::string& name) {
    auto text = sys::read_file(dir, name, kLargest);
    if (text) return std::optional(std::move(*text));
    if (text.error().errno_value == ENOENT) return std::optional<std::string>();
    return std::unexpected<Error>(text.error());
}

Accepted by_path(std::vector<Entry> entries) {
    Accepted accepted;
    for (auto& entry : entries) {
        auto path = entry.path;
        accepted.emplace(std::move(path), std::move(entry));
    }
    return accepted;
}

std::string print_sorted(const Accepted& accepted) {
    std::set<std::string> paths;
    for (const auto& [path, entry] : accepted) paths.insert(path);
    std::string text;
    for (const auto& path : paths) text += print_entry(accepted.at(path));
    return text;
}

Result<sys::DirFd> image_dir(const storage::Store& store, const std::string& image) { return sys::open_dir(store.images(), image); }

}  // namespace

namespace {

Result<sys::DirFd> guard_dir(const storage::Store& store, const server::Server& server) {
    auto own = TRY(sys::open_dir(store.servers(), server.record.name.text()));
    TRY(sys::make_dir(own, "guard", 0700, sys::IfExists::keep));
    return sys::open_dir(own, "guard");
}

}  // namespace

Result<GuardFiles> GuardFiles::open(const storage::Store& store, const server::Server& server) {
    auto dir = TRY(guard_dir(store, server));
    TRY_WITH(sys::lock_fd(dir, sys::LockWait::wait), "wait for another scan of '{}'", server.name.text());
    return GuardFiles(std::move(dir), "server " + server.record.uuid);
}

Result<ReadingFile> ReadingFile::of_image(const storage::Store& store, const std::string& image) {
    return ReadingFile(TRY(image_dir(store, image)), "reading of " + image);
}

Result<ReadingFile> ReadingFile::of_server(const storage::Store& store, const server::Server& server) {
    return ReadingFile(TRY(guard_dir(store, server)), "reading of server " + server.record.uuid);
}

Reading ReadingFile::read(const Seal& seal) const {
    auto sealed = read_if_there(dir_, kReading);
    if (!sealed || !*sealed) return {};
    auto text = seal.verify(purpose_, **sealed);
    auto words = text ? base::split(base::trim(*text), ' ') : std::vector<std::string_view>();
    if (words.size() != 3) return {};
    auto after = unescape_word(words[0]);
    auto found = base::parse_number(words[1]), unknown = base::parse_number(words[2]);
    return after && found && unknown ? Reading{std::move(*after), *found, *unknown} : Reading();
}

Result<> ReadingFile::write(const Seal& seal, const Reading& reading) const {
    auto text = fmt::format("{} {} {}\n", escape_word(reading.after), reading.found, reading.unknown);
    return sys::replace_file(dir_, kReading, seal.sign(purpose_, text), 0600, sys::Durability::volatile_);
}

Result<std::optional<Accepted>> GuardFiles::read_accepted(const Seal& seal) const {
    auto sealed = TRY(read_if_there(dir_, kAccepted));
    if (!sealed) return std::nullopt;
    return std::optional(by_path(TRY(parse_entries(TRY(seal.verify(purpose_, *sealed))))));
}

Result<> GuardFiles::write_accepted(const Seal& seal, const Accepted& accepted) const {
    return sys::replace_file(dir_, kAccepted, seal.sign(purpose_, print_sorted(accepted)), 0600, sys::Durability::synced);
}

void recall_seen(sys::FdRef dir, SurveyOrders& orders) {
    auto text = read_if_there(dir, kSeen);
    if (!text || !*text) return;
    auto last = parse_survey(**text);
    if (!last) return;
    for (auto& seen : last->entries) {
        auto path = seen.now.path;
        if (seen.below) orders.known_below.emplace(path, std::move(*seen.below));
        orders.known.emplace(std::move(path), std::move(seen.now));
    }
}

Result<> GuardFiles::remember(const Survey& survey) const {
    return sys::replace_file(dir_, kSeen, print_survey(survey), 0600, sys::Durability::volatile_);
}

Result<bool> has_manifest(const storage::Store& store, const std::string& image) {
    return sys::exists(TRY(image_dir(store, image)), kManifest);
}

Result<Accepted> read_manifest(const storage::Store& store, const Seal& seal, const std::string& image) {
    auto sealed = TRY(read_if_there(TRY(image_dir(store, image)), kManifest));
    if (!sealed) return fail(Code::failed, "the image has no manifest");
    auto text = TRY_WITH(seal.verify("image " + image, *sealed), "read the manifest of image '{}'", image);
    return by_path(TRY(parse_entries(text)));
}

Result<> write_manifest(const storage::Store& store, const Seal& seal, const std::string& image, const Survey& survey) {
    std::string text;
    for (const auto& seen : survey.entries) text += print_entry(seen.now);
    return sys::replace_file(TRY(image_dir(store, image)), kManifest, seal.sign("image " + image, text), 0600, sys::Durability::synced);
}

Result<ImageCheck> read_image_check(const storage::Store& store, const Seal& seal, const std::string& image) {
    auto sealed = TRY(read_if_there(TRY(image_dir(store, image)), kChecked));
    if (!sealed) return ImageCheck();
    auto text = TRY(seal.verify("check of " + image, *sealed));
    auto words = base::split(base::trim(text), ' ');
    auto count = words.size() == 2 ? base::parse_number(words[1]) : std::nullopt;
    if (!count) return fail(Code::failed, "the note of the last check of image '{}' is damaged", image);
    return ImageCheck{std::string(words[0]), *count};
}

Result<> write_image_check(const storage::Store& store, const Seal& seal, const std::string& image, const ImageCheck& check) {
    auto text = fmt::format("{} {}\n", check.when, check.differences);
    return sys::replace_file(TRY(image_dir(store, image)), kChecked, seal.sign("check of " + image, text), 0600, sys::Durability::synced);
}

}  // namespace vs::guard
