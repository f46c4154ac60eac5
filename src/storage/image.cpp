#include "storage/image.hpp"

#include <algorithm>
#include <cerrno>
#include <tuple>

#include "storage/os_release.hpp"
#include "storage/record.hpp"
#include "storage/server_root.hpp"
#include "sys/file.hpp"
#include "sys/random.hpp"
#include "sys/sync.hpp"
#include "sys/walk.hpp"

namespace vs::storage {

namespace {

const std::string kRecordFile = "image.json";

Record to_record(const ImageRecord& image) {
    Record record;
    record.texts = {{"id", image.id},           {"kind", image.kind},       {"source", image.source}, {"key", image.key},
                    {"created", image.created}, {"os_name", image.os_name}, {"suite", image.suite}};
    record.numbers = {{"entries", image.entries}, {"bytes", image.bytes}};
    record.lists = {{"notes", image.notes}};
    return record;
}

Result<ImageRecord> from_record(const Record& record) {
    ImageRecord image;
    image.id = TRY(record.text("id"));
    image.kind = TRY(record.text("kind"));
    image.source = TRY(record.text("source"));
    image.key = TRY(record.text("key"));
    image.created = TRY(record.text("created"));
    image.os_name = TRY(record.text("os_name"));
    image.suite = TRY(record.text("suite"));
    image.entries = TRY(record.number("entries"));
    image.bytes = TRY(record.number("bytes"));
    if (auto notes = record.lists.find("notes"); notes != record.lists.end()) image.notes = notes->second;
    return image;
}

/// An id is a directory name: nothing else gets near the file system.
bool is_id(const std::string& id) {
    auto good = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.'; };
    return !id.empty() && id[0] != '.' && id.size() <= 100 && std::all_of(id.begin(), id.end(), good);
}

std::unexpected<Error> no_id(const std::string& id) { return fail(Code::usage, "'{}' cannot be an image's id", id); }
std::unexpected<Error> no_image(const std::string& id) { return fail(Code::failed, "there is no image '{}'", id); }

Result<> measure(const sys::DirFd& tree, ImageRecord& record) {
    return sys::walk_tree(tree, [&](const std::string&, const struct stat& status) -> Result<> {
        ++record.entries;
        if (S_ISREG(status.st_mode)) record.bytes += static_cast<std::uint64_t>(status.st_size);
        return {};
    });
}

}  // namespace

std::string image_tree(const Store& store, const std::string& id) { return store.path() + "/images/" + id + "/tree"; }

Result<ImageRecord> read_image(const Store& store, const std::string& id) {
    if (!is_id(id)) return no_id(id);
    auto text = sys::read_file(store.images(), id + "/" + kRecordFile);
    const bool absent = !text && text.error().errno_value == ENOENT;
    if (absent && TRY(sys::exists(store.images(), id)))
        return fail(Code::failed, "image '{}' has no {}: bring it back from a copy, or remove the image", id, kRecordFile);
    if (absent) return no_image(id);
    if (!text) return std::unexpected<Error>(text.error());
    auto record = TRY_WITH(parse_record(*text), "read the record of image '{}'", id);
    return TRY_WITH(from_record(record), "read the record of image '{}'", id);
}

Result<Images> list_images(const Store& store) {
    Images images;
    for (const auto& id : TRY(sys::list_dir(store.images()))) {
        auto image = read_image(store, id);
        if (image) images.whole.push_back(std::move(*image));
        else if (TRY(sys::exists(store.images(), id))) images.damaged.push_back(std::move(image.error()));  // else removed meanwhile
    }
    std::ranges::sort(images.whole, {}, [](const auto& image) { return std::tie(image.created, image.id); });
    return images;
}

Result<std::optional<ImageRecord>> find_by_key(const Store& store, const std::string& key) {
    std::optional<ImageRecord> newest;
    for (auto& image : TRY(list_images(store)).whole)
        if (image.key == key) newest = std::move(image);
    return newest;
}

Result<ImageRecord> publish_image(const Store& store, Staging& staging, ImageRecord record) {
    auto tree = TRY(sys::open_dir(staging.dir(), "tree"));
    TRY_WITH(measure(tree, record), "measure the image");
    auto release = read_os_release(tree);
    record.os_name = release.pretty_name;
    record.suite = release.codename;
    record.created = timestamp();
    record.id = fmt::format("{}{}-{}", record.kind, record.suite.empty() ? "" : "-" + record.suite, TRY(sys::random_hex(6)));
    if (!is_id(record.id)) return fail(Code::failed, "'{}' cannot be an image's id", record.id);
    TRY(sys::replace_file(staging.dir(), kRecordFile, print_record(to_record(record)), 0600, sys::Durability::volatile_));
    TRY_WITH(sys::sync_file_system(staging.dir()), "write the image to disk");
    TRY_WITH(staging.publish(store.images(), record.id), "put the image in place");
    return record;
}

Result<> remove_image(const Store& store, const std::string& id, const std::vector<std::string>& in_use) {
    if (!is_id(id)) return no_id(id);
    auto dir = sys::open_dir(store.images(), id);
    if (!dir && dir.error().errno_value == ENOENT) return no_image(id);
    if (!dir) return std::unexpected<Error>(dir.error());
    TRY_WITH(sys::lock_fd(*dir, sys::LockWait::fail_if_held), "image '{}' is being used for a new server", id);
    for (const auto& server : TRY(list_servers(store)))
        if (server.image == id) return fail(Code::busy, "image '{}' is the root of server '{}'", id, server.name.text());
    if (std::find(in_use.begin(), in_use.end(), id) != in_use.end()) return fail(Code::busy, "image '{}' is in use", id);
    dir->reset();
    return discard(store, store.images(), id);
}

}  // namespace vs::storage
