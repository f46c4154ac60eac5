// files, mount, umount

#include <algorithm>

#include "cli/commands.hpp"
#include "cli/json.hpp"
#include "cli/output.hpp"
#include "cli/select.hpp"
#include "server/mount_view.hpp"

namespace vs::cli {

namespace {

Result<std::optional<std::string>> directory_of(const Invocation& line) {
    if (line.arguments.empty()) return std::nullopt;
    if (!line.arguments[0].starts_with('/')) return fail(Code::usage, "'{}' is not an absolute path", line.arguments[0]);
    return std::optional(line.arguments[0]);
}

}  // namespace

Result<int> files(const Invocation& line) {
    auto store = TRY(storage::Store::open());
    auto server = TRY(server::load_server(store, line.names[0].text()));
    auto paths = TRY(storage::server_files(store, server.name));
    auto settings = server::settings_path(server.name);
    if (std::find(paths.begin(), paths.end(), settings) == paths.end()) paths.push_back(settings);
    if (line.has(Opt::json)) print(json_files(server.name, paths));
    else
        for (const auto& path : paths) print(path + "\n");
    return 0;
}

Result<int> mount(const Invocation& line) {
    auto dir = TRY(directory_of(line));
    auto store = TRY(storage::Store::open());
    auto server = TRY(server::load_server(store, line.names[0].text()));
    auto where = TRY_WITH(server::mount_view(store, server, dir), "cannot mount '{}'", server.name.text());
    print(fmt::format("{}: mounted on {}\n", server.name.text(), where));
    return 0;
}

Result<int> umount(const Invocation& line) {
    auto dir = TRY(directory_of(line));
    auto store = TRY(storage::Store::open());
    auto name = TRY(existing_server(store, line.names[0]));
    auto undone = TRY_WITH(server::unmount_view(name, dir), "cannot unmount '{}'", name.text());
    if (!undone) return fail(Code::failed, "'{}' is not mounted{}", name.text(), dir ? fmt::format(" on '{}'", *dir) : "");
    print(fmt::format("{}: unmounted\n", name.text()));
    return 0;
}

}  // namespace vs::cli
