#include "storage/server_root.hpp"

#include <algorithm>
#include <cerrno>

#include "storage/image.hpp"
#include "storage/record.hpp"
#include "storage/server_number.hpp"
#include "sys/file.hpp"
#include "sys/random.hpp"
#include "sys/sync.hpp"

namespace vs::storage {

namespace {

const std::string kRecordFile = "record.json";
const std::string kIncomplete = "incomplete";

Record to_record(const ServerRecord& server) {
    Record record;
    record.texts = {{"name", server.name.text()}, {"uuid", server.uuid}, {"image", server.image}, {"created", server.created}};
    record.numbers = {{"number", server.number.value}};
    return record;
}

/// `name` is the directory's: a server that was copied under another name is that other server.
Result<ServerRecord> from_record(const Record& record, const model::ServerName& name) {
    auto number = TRY(record.number("number"));
    if (number > model::ServerNumber::kMost) return fail(Code::failed, "{} is no server number", number);
    auto uuid = TRY(record.text("uuid")), image = TRY(record.text("image")), created = TRY(record.text("created"));
    return ServerRecord{name, {static_cast<std::uint32_t>(number)}, std::move(uuid), std::move(image), std::move(created)};
}

/// A random (version 4) UUID.
Result<std::string> make_uuid() {
    auto hex = TRY(sys::random_hex(16));
    hex[12] = '4';
    hex[16] = "89ab"[hex[16] % 4];
    return fmt::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4), hex.substr(16, 4), hex.substr(20));
}

std::string without_dashes(std::string uuid) {
    std::erase(uuid, '-');
    return uuid;
}

Result<> refuse_taken_name(const std::vector<ServerRecord>& servers, const model::ServerName& name) {
    for (const auto& server : servers)
        if (server.name.folded() == name.folded()) return fail(Code::busy, "server '{}' exists already", server.name.text());
    return {};
}

Result<model::ServerNumber> choose_number(const std::vector<ServerRecord>& servers) {
    std::vector<model::ServerNumber> used;
    for (const auto& server : servers) used.push_back(server.number);
    auto number = lowest_free_number(used, TRY(foreign_ids()));
    if (!number) return fail(Code::failed, "all {} server numbers are taken", model::ServerNumber::kMost + 1);
    return *number;
}

Result<> make_layers(const sys::DirFd& dir) {
    TRY(sys::make_dir(dir, "upper", 0755, sys::IfExists::fail));  // the server's "/"
    TRY(sys::make_dir(dir, "work", 0700, sys::IfExists::fail));
    return sys::make_dir(dir, "volumes", 0700, sys::IfExists::fail);
}

Result<> mark_incomplete(sys::FdRef dir) { return sys::replace_file(dir, kIncomplete, "", 0600, sys::Durability::volatile_); }

/// The last step: from the choice of a number to the rename nobody else may choose one.
Result<> settle(const Store& store, Staging& staging, ServerRecord& record) {
    auto lock = TRY(sys::open_dir(store.servers(), "."));
    TRY_WITH(sys::lock_fd(lock, sys::LockWait::wait), "lock the servers' directory");
    auto servers = TRY(list_servers(store));
    TRY(refuse_taken_name(servers, record.name));
    record.number = TRY(choose_number(servers));
    record.created = timestamp();
    TRY(sys::replace_file(staging.dir(), kRecordFile, print_record(to_record(record)), 0600, sys::Durability::volatile_));
    TRY(sys::sync_tree(staging.dir()));
    return staging.publish(store.servers(), record.name.text());
}

}  // namespace

Result<ServerRecord> create_server(const Store& store, const NewServer& request) {
    TRY(refuse_taken_name(TRY(list_servers(store)), request.name));  // before any work; settle() asks again
    TRY(read_image(store, request.image));
    auto image = TRY(sys::open_dir(store.images(), request.image));
    TRY_WITH(sys::lock_fd_shared(image), "image '{}' is being removed", request.image);
    auto uuid = TRY(make_uuid());
    ServerRecord record{request.name, {}, std::move(uuid), request.image, ""};
    auto staging = TRY(Staging::make(store, "server-" + request.name.folded()));
    TRY(make_layers(staging.dir()));
    TRY(mark_incomplete(staging.dir()));
    TRY_WITH(write_identity(image_tree(store, request.image), staging.dir(), request.identity, without_dashes(record.uuid)),
             "give server '{}' its identity", request.name.text());
    TRY_WITH(settle(store, staging, record), "put server '{}' in place", request.name.text());
    return record;
}

Result<> complete_server(const Store& store, const model::ServerName& name) {
    auto removed = sys::remove_file(store.servers(), name.text() + "/" + kIncomplete);
    if (!removed && removed.error().errno_value == ENOENT) return {};
    return removed;
}

Result<> condemn_server(const Store& store, const model::ServerName& name) {
    if (TRY(server_left(store, name)) == ServerLeft::nothing) return {};
    auto dir = TRY(sys::open_dir(store.servers(), name.text()));
    TRY(mark_incomplete(dir));
    return sys::sync_fd(dir);
}

Result<ServerLeft> server_left(const Store& store, const model::ServerName& name) {
    if (!TRY(sys::exists(store.servers(), name.text()))) return ServerLeft::nothing;
    return TRY(sys::exists(store.servers(), name.text() + "/" + kIncomplete)) ? ServerLeft::incomplete : ServerLeft::whole;
}

namespace {

/// Why there is none.
Result<Error> missing_record(const Store& store, const model::ServerName& name) {
    if (TRY(server_left(store, name)) != ServerLeft::whole) return Error{Code::no_such_server, 0, fmt::format("there is no server '{}'", name.text()), {}};
    return Error{Code::failed, 0, fmt::format("the files of server '{}' have no {}: bring it back from a copy, or delete the server", name.text(), kRecordFile), {}};
}

}  // namespace

Result<ServerRecord> read_server(const Store& store, const model::ServerName& name) {
    auto text = sys::read_file(store.servers(), name.text() + "/" + kRecordFile);
    if (!text && text.error().errno_value == ENOENT) return std::unexpected<Error>(TRY(missing_record(store, name)));
    if (!text) return std::unexpected<Error>(text.error());
    auto record = TRY_WITH(parse_record(*text), "read the record of server '{}'", name.text());
    return TRY_WITH(from_record(record, name), "read the record of server '{}'", name.text());
}

Result<std::vector<ServerRecord>> list_servers(const Store& store) {
    std::vector<ServerRecord> servers;
    for (const auto& entry : TRY(sys::list_dir(store.servers()))) {
        auto name = TRY_WITH(model::ServerName::parse(entry), "list {}/servers", store.path());
        auto server = read_server(store, name);
        if (!server && !TRY(sys::exists(store.servers(), entry))) continue;  // deleted meanwhile
        servers.push_back(TRY(std::move(server)));
    }
    return servers;
}

Result<> destroy_server(const Store& store, const model::ServerName& name) {
    TRY_WITH(discard(store, store.servers(), name.text()), "remove the files of server '{}'", name.text());
    return {};
}

Result<std::vector<std::string>> server_files(const Store& store, const model::ServerName& name) {
    auto record = TRY(read_server(store, name));
    return std::vector<std::string>{model::paths::kSettings + "/" + name.text() + ".toml", store.path() + "/servers/" + name.text(),
                                    store.path() + "/images/" + record.image};
}

}  // namespace vs::storage
