#include "storage/host_files.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "sys/file.hpp"

namespace vs::storage {

namespace {

constexpr std::string_view kProgramDirs[] = {"/usr/", "/bin/", "/sbin/", "/lib/", "/lib32/", "/lib64/", "/libx32/"};
constexpr std::string_view kInfoSuffixes[] = {".list", ".md5sums", ".conffiles", ".preinst", ".postinst", ".prerm",
                                                   ".postrm", ".config", ".templates", ".shlibs", ".symbols", ".triggers"};

const Diversion* find_diversion(const std::vector<Diversion>& diversions, std::string_view path) {
    for (const auto& diversion : diversions)
        if (diversion.path == path) return &diversion;
    return nullptr;
}

/// The suffix of an info file, if it is one that dpkg reads.
std::string_view known_suffix(std::string_view name) {
    for (auto suffix : kInfoSuffixes)
        if (name.ends_with(suffix)) return suffix;
    return {};
}

}  // namespace

Result<HostDatabase> open_host_database(const std::string& path) {
    HostDatabase database;
    auto dir = sys::open_dir(sys::kHere, path);
    if (!dir) return fail(Code::unsupported, "this host has no Debian package database ({})", path);
    database.dir = std::move(*dir);
    database.info = TRY(sys::list_dir(TRY(sys::open_dir(database.dir, "info"))));
    return database;
}

std::vector<Diversion> parse_diversions(std::string_view text) {
    auto lines = base::split(text, '\n');
    std::vector<Diversion> diversions;
    for (std::size_t i = 0; i + 2 < lines.size(); i += 3) {
        std::string by(lines[i + 2] == ":" ? "" : lines[i + 2]);
        diversions.push_back({std::string(lines[i]), std::string(lines[i + 1]), std::move(by)});
    }
    return diversions;
}

std::string print_diversions(const std::vector<Diversion>& diversions, const std::set<std::string_view>& packages) {
    std::string out;
    for (const auto& [path, renamed, by] : diversions)
        if (packages.contains(by)) out += path + "\n" + renamed + "\n" + by + "\n";
    return out;
}

std::vector<PackageFile> package_files(std::string_view list, std::string_view package, const std::vector<Diversion>& diversions,
                                       const std::set<std::string_view>& packages) {
    std::vector<PackageFile> files;
    for (auto line : base::split(list, '\n')) {
        if (line.size() < 2 || line[0] != '/' || line == "/.") continue;
        std::string path(line);
        // A directory stands just before what is in it.
        if (!files.empty() && path.starts_with(files.back().path + "/")) files.back().has_content = true;
        const auto* diversion = find_diversion(diversions, path);
        bool renamed = diversion != nullptr && diversion->by != package;
        bool stays = renamed && packages.contains(diversion->by);
        files.push_back({path, stays ? diversion->renamed : path, renamed ? diversion->renamed : path, false});
    }
    return files;
}

std::map<std::string, std::string> parse_md5sums(std::string_view text) {
    std::map<std::string, std::string> sums;
    for (auto line : base::split(text, '\n'))
        if (line.size() > 34) sums["/" + std::string(line.substr(34))] = std::string(line.substr(0, 32));
    return sums;
}

bool is_program_path(std::string_view path) {
    return std::any_of(std::begin(kProgramDirs), std::end(kProgramDirs), [&](auto dir) { return path.starts_with(dir); });
}

std::vector<std::string> info_files(const HostDatabase& database, const Package& package) {
    std::string plain(package.name);
    std::string qualified = fmt::format("{}:{}", package.name, package.architecture);
    std::vector<std::string> files;
    for (const auto& name : database.info) {
        auto suffix = known_suffix(name);
        auto stem = std::string_view(name).substr(0, name.size() - suffix.size());
        if (!suffix.empty() && (stem == plain || stem == qualified)) files.push_back(name);
    }
    return files;
}

}  // namespace vs::storage
