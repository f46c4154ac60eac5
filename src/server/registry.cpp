#include "server/registry.hpp"

#include <algorithm>
#include <cerrno>

#include "base/text.hpp"
#include "model/paths.hpp"
#include "server/run_state.hpp"
#include "sys/file.hpp"

namespace vs::server {

namespace {

constexpr std::string_view kSuffix = ".toml";

Result<std::vector<model::ServerName>> names_with_settings() {
    std::vector<model::ServerName> names;
    auto dir = sys::open_dir(sys::kHere, model::paths::kSettings);
    if (!dir && dir.error().errno_value == ENOENT) return names;
    if (!dir) return std::unexpected<Error>(dir.error());
    for (const auto& entry : TRY(sys::list_dir(*dir))) {
        if (!entry.ends_with(kSuffix)) continue;
        auto name = model::ServerName::parse(std::string_view(entry).substr(0, entry.size() - kSuffix.size()));
        if (name) names.push_back(*name);  // any other file is not a server's
    }
    return names;
}

std::optional<model::ServerName> with_letters_of(const model::ServerName& wanted, const std::vector<model::ServerName>& names) {
    auto found = std::ranges::find(names, wanted.folded(), &model::ServerName::folded);
    return found == names.end() ? std::nullopt : std::optional(*found);
}

Result<model::ServerName> existing_name(const std::string& text) {
    if (auto found = TRY(find_name(text))) return *found;
    auto names = TRY(list_names());
    std::vector<std::string_view> candidates;
    for (const auto& name : names) candidates.push_back(name.text());
    auto near = base::nearest(text, candidates);
    return fail(Code::no_such_server, "there is no server '{}'{}", text, near ? fmt::format("; did you mean '{}'?", *near) : "");
}

}  // namespace

std::string settings_path(const model::ServerName& name) { return fmt::format("{}/{}{}", model::paths::kSettings, name.text(), kSuffix); }

Result<std::vector<model::ServerName>> list_names() {
    auto names = TRY(names_with_settings());
    for (auto& name : TRY(names_in_run()))
        if (!with_letters_of(name, names)) names.push_back(std::move(name));
    std::ranges::sort(names, {}, &model::ServerName::text);
    return names;
}

Result<std::optional<model::ServerName>> find_name(const std::string& text) {
    auto wanted = model::ServerName::parse(text);
    if (!wanted) return std::nullopt;
    if (TRY(sys::exists(sys::kHere, settings_path(*wanted)))) return *wanted;
    return with_letters_of(*wanted, TRY(names_with_settings()));
}

Result<std::optional<model::ServerName>> find_listed(const std::string& text) {
    if (auto found = TRY(find_name(text))) return found;
    auto wanted = model::ServerName::parse(text);
    return wanted ? with_letters_of(*wanted, TRY(names_in_run())) : std::nullopt;
}

Error lost_settings(const model::ServerName& name) {
    return {Code::no_such_server, 0, fmt::format("'{}' has files but no settings: bring back {}, or delete it", name.text(), settings_path(name)), {}};
}

Result<model::ServerName> find_with_remains(const storage::Store& store, const std::string& text) {
    auto name = existing_name(text);
    auto wanted = model::ServerName::parse(text);
    if (name || !wanted || TRY(storage::server_left(store, *wanted)) == storage::ServerLeft::nothing) return name;
    return wanted;
}

Result<Server> load_server(const storage::Store& store, const std::string& text) {
    auto name = TRY(find_with_remains(store, text));
    if (!TRY(find_name(name.text()))) {
        if (TRY(storage::server_left(store, name)) == storage::ServerLeft::whole) return std::unexpected<Error>(lost_settings(name));
        return fail(Code::no_such_server, "there is no server '{}', only what a build or a delete has left of it: run 'vserver repair'", name.text());
    }
    auto path = settings_path(name);
    auto content = TRY_WITH(sys::read_file(sys::kHere, path), "read the settings of '{}'", name.text());
    auto settings = TRY(model::parse_settings(content, path));
    if (settings.host_name.empty()) settings.host_name = name.host_name();
    auto record = storage::read_server(store, name);
    if (!record && record.error().code == Code::no_such_server)
        return fail(Code::no_such_server, "'{}' has settings but no files: bring back {}/servers/{}, or delete it", name.text(), store.path(), name.text());
    if (!record) return std::unexpected<Error>(record.error());
    return Server{std::move(name), std::move(settings), std::move(*record)};
}

}  // namespace vs::server
