#include "guard/reading.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "guard/baseline.hpp"
#include "guard/surveyor.hpp"
#include "storage/record.hpp"

namespace vs::guard {

namespace {

SurveyOrders orders_for(const Policy& policy, const Reading& reading, std::uint64_t bytes) {
    SurveyOrders orders;
    orders.rules = policy.rules();
    orders.storage = Storage::compared;
    orders.after = reading.after;
    orders.slice = bytes;
    return orders;
}

/// What of the manifest lies in the slice.
Accepted part_of(Accepted manifest, const std::string& after, const std::string& reached) {
    auto is_outside = [&](const std::string& path) {
        return (!after.empty() && !comes_before(after, path)) || (!reached.empty() && comes_before(reached, path));
    };
    std::erase_if(manifest, [&](const auto& item) { return is_outside(item.first); });
    return manifest;
}

std::vector<std::string> sentences(const std::vector<Difference>& differences, std::string_view tree) {
    std::vector<std::string> found;
    for (const auto& difference : differences)
        found.push_back(fmt::format("{} {}{}: {}", change_name(difference.change), tree, base::escape_control(difference.path), base::escape_control(difference.detail)));
    return found;
}

/// With the same change time as when it was last read, and another content: it was changed past the file system.
std::vector<std::string> changed_below(const Survey& survey, const SurveyOrders& last) {
    std::vector<std::string> found;
    for (const auto& seen : survey.entries) {
        auto before = last.known.find(seen.now.path);
        if (before == last.known.end() || seen.now.stamp.changed == 0 || before->second.stamp != seen.now.stamp) continue;
        if (before->second.digest.empty() || seen.now.digest.empty() || before->second.digest == seen.now.digest) continue;
        found.push_back(fmt::format("disagrees {}: its content changed and its change time did not", base::escape_control(seen.now.path)));
    }
    return found;
}

}  // namespace

struct Rereading::Part {
    std::vector<std::string> found;
    bool was_last = false;
};

namespace {

using Part = Rereading::Part;

Result<Part> read_image_on(const storage::Store& store, const std::string& image, std::uint64_t bytes) {
    auto seal = TRY(Seal::open(store));
    auto file = TRY(ReadingFile::of_image(store, image));
    auto reading = file.read(seal);
    auto survey = TRY(survey_image(store, image, orders_for(Policy::all_frozen(), reading, bytes)));
    auto manifest = part_of(TRY(read_manifest(store, seal, image)), reading.after, survey.reached);
    Part part{sentences(judge(survey, manifest, Policy::all_frozen()), "image:"), survey.reached.empty()};
    reading.after = survey.reached;
    reading.found += part.found.size();
    reading.unknown += survey.unknown.size();
    if (part.was_last) {
        if (reading.unknown == 0 || reading.found > 0) TRY(write_image_check(store, seal, image, {storage::timestamp(), reading.found}));
        reading = {};
    }
    TRY(file.write(seal, reading));
    return part;
}

Result<Part> read_server_on(const storage::Store& store, const server::Server& server, std::uint64_t bytes) {
    auto seal = TRY(Seal::open(store));
    auto file = TRY(ReadingFile::of_server(store, server));
    auto reading = file.read(seal);
    SurveyOrders last;
    recall_seen(file.dir(), last);
    auto survey = TRY(survey_server(store, server, orders_for(Policy::of(server.settings.guard), reading, bytes)));
    Part part{changed_below(survey, last), survey.reached.empty()};
    for (const auto& path : survey.disagreeing) part.found.push_back(fmt::format("disagrees {}: what is cached is not what is stored", base::escape_control(path)));
    TRY(file.write(seal, {.after = survey.reached, .found = 0, .unknown = 0}));
    return part;
}

}  // namespace

Result<Rereading::Part> Rereading::read_part(const server::Server& server, std::uint64_t bytes) {
    const auto& image = server.record.image;
    if (images_.contains(image)) return read_server_on(store_, server, bytes);
    auto part = TRY_WITH(read_image_on(store_, image, bytes), "read its image again");
    if (part.was_last) images_.insert(image);
    part.was_last = false;  // its own files come next
    return part;
}

Slice Rereading::read_on(std::uint64_t bytes) {
    auto names = server::list_names();
    if (!names) return {{}, {}, names.error().message()};
    auto at = std::ranges::find_if(*names, [&](const auto& name) { return name.text() >= server_; });
    if (at == names->end()) {  // a round is over
        images_.clear();
        server_.clear();
        return {};
    }
    server_ = at->text();
    auto server = server::load_server(store_, server_);
    auto part = server ? read_part(*server, bytes) : Result<Part>(std::unexpected<Error>(server.error()));
    Slice slice{server_, part ? std::move(part->found) : std::vector<std::string>(), part ? "" : part.error().message()};
    if (!part || part->was_last) server_ += '\1';  // whoever comes next
    return slice;
}

}  // namespace vs::guard
