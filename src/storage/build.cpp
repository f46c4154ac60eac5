#include "storage/build.hpp"

#include <algorithm>
#include <functional>
#include <memory>

#include "storage/build_debian.hpp"
#include "storage/build_host.hpp"
#include "storage/build_tar.hpp"
#include "storage/digest.hpp"

namespace vs::storage {

namespace {

constexpr std::string_view kArchiveSuffixes[] = {".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.zst"};

bool is_archive(std::string_view from) {
    auto ends = [&](auto suffix) { return from.ends_with(suffix); };
    return from.find('/') != std::string_view::npos || std::any_of(std::begin(kArchiveSuffixes), std::end(kArchiveSuffixes), ends);
}

/// deb-control(5) for packages, and what a directory in an archive may be called for suites. Neither can be an option.
bool is_debian_word(std::string_view text) {
    auto inner = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.'; };
    bool first = !text.empty() && text[0] != '-' && text[0] != '.' && text[0] != '+';
    return first && text.size() <= 100 && std::all_of(text.begin(), text.end(), inner);
}

Result<> check_packages(const std::vector<std::string>& packages) {
    for (const auto& name : packages)
        if (!is_debian_word(name)) return fail(Code::usage, "'{}' cannot be a package's name", name);
    return {};
}

/// One kind of source: what makes its key, what people read, and what fills the tree.
struct Recipe {
    std::string kind, description, key;
    std::function<Result<std::vector<std::string>>(const Staging&)> fill;
};

std::string with_packages(std::string text, const std::vector<std::string>& packages) {
    if (!packages.empty()) text += fmt::format(": {}", fmt::join(packages, ", "));
    return text;
}

Result<Recipe> recipe_for(const HostSource& source, const BuildOptions& options) {
    auto fill = [&](const Staging& staging) { return build_host(source, staging, options.observer); };
    auto key = TRY(host_key(source));
    return Recipe{"host", with_packages("host", source.packages), std::move(key), fill};
}

Result<Recipe> recipe_for(const DebianSource& source, const BuildOptions& options) {
    auto plan = TRY(plan_debian(source));
    auto fill = [&options, plan](const Staging& staging) { return build_debian(plan, staging, options.observer); };
    return Recipe{"debian", with_packages(plan.suite, source.packages), debian_key(plan), fill};
}

Result<Recipe> recipe_for(const TarSource& source, const BuildOptions& options) {
    auto archive = std::make_shared<sys::Fd>(TRY(open_archive(source)));
    auto fill = [&options, archive](const Staging& staging) {
        return build_tar(*archive, staging, {options.libexec + "/vserver-unpack"}, options.observer);
    };
    auto key = TRY(tar_key(*archive));
    return Recipe{"tar", source.file, std::move(key), fill};
}

}  // namespace

Result<Source> parse_source(std::string_view from, std::vector<std::string> packages) {
    TRY(check_packages(packages));
    if (from == "host") return Source(HostSource{std::move(packages)});
    if (from == "debian") return Source(DebianSource{"", std::move(packages)});
    if (from.starts_with("debian:")) {
        auto suite = from.substr(7);
        if (!is_debian_word(suite)) return fail(Code::usage, "'{}' cannot be a Debian suite", suite);
        return Source(DebianSource{std::string(suite), std::move(packages)});
    }
    if (!is_archive(from)) return fail(Code::usage, "'{}' is no source: use host, debian, debian:SUITE or the path of a tar archive", from);
    if (!packages.empty()) return fail(Code::usage, "packages cannot be added to an archive: install them in the server");
    return Source(TarSource{std::string(from)});
}

Result<ImageRecord> ensure_image(const Store& store, const Source& source, const BuildOptions& options) {
    auto recipe = TRY(std::visit([&](const auto& kind) { return recipe_for(kind, options); }, source));
    ImageRecord record;
    record.kind = recipe.kind;
    record.source = recipe.description;
    record.key = sha256_hex(recipe.key);  // apt sources may hold credentials
    bool use_cache = options.cache == BuildOptions::Cache::use;
    if (use_cache)
        if (auto found = TRY(find_by_key(store, record.key))) return *found;
    auto staging = TRY(Staging::make(store, "image-" + record.key.substr(0, 16)));
    if (use_cache)  // whoever we waited for may have built it
        if (auto found = TRY(find_by_key(store, record.key))) return *found;
    record.notes = TRY_WITH(recipe.fill(staging), "build an image from {}", recipe.kind);
    tell(options.observer, "writing the image to disk");
    return publish_image(store, staging, std::move(record));
}

}  // namespace vs::storage
