#include "storage/build_host.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <set>

#include "base/text.hpp"
#include "storage/apt_sources.hpp"
#include "storage/copier.hpp"
#include "storage/guest_file.hpp"
#include "storage/package_database.hpp"
#include "storage/sandbox.hpp"
#include "storage/tidy_tree.hpp"
#include "storage/unchanged.hpp"
#include "sys/file.hpp"
#include "sys/inode.hpp"

namespace vs::storage {

namespace {

const std::string kDatabase = "/var/lib/dpkg";
constexpr std::size_t kLargest = 64 << 20;

// What makes a base system a server that boots and takes logins, where the host has it.
constexpr std::string_view kServerPackages[] = {"dbus", "libpam-systemd", "ca-certificates"};

/// Everything that is known before the first file is copied. `packages` are views into `status`.
struct Plan {
    std::string status;
    HostDatabase database;
    std::vector<Package> packages;
    std::set<std::string_view> names;
    std::vector<Diversion> diversions;
    std::vector<PackageFile> files;
    std::set<std::string> changed;  ///< host paths that are not what the package brought
};

Result<std::string> read_info(const HostDatabase& database, const Package& package, std::string_view suffix) {
    for (const auto& name : info_files(database, package))
        if (name.ends_with(suffix)) return sys::read_file(database.dir, "info/" + name, kLargest);
    return std::string();
}

Result<> plan_files(Plan& plan) {
    std::vector<Suspect> suspects;
    for (const auto& package : plan.packages) {
        auto files = package_files(TRY(read_info(plan.database, package, ".list")), package.name, plan.diversions, plan.names);
        auto sums = parse_md5sums(TRY(read_info(plan.database, package, ".md5sums")));
        for (auto& suspect : find_suspects(files, package, sums)) suspects.push_back(std::move(suspect));
        for (auto& file : files) plan.files.push_back(std::move(file));
    }
    plan.changed = TRY(changed_files(suspects));
    return {};
}

std::vector<std::string> with_server_packages(const std::vector<Package>& installed, std::vector<std::string> requested) {
    for (auto name : kServerPackages) {
        auto is_it = [&](const Package& package) { return package.name == name; };
        if (std::any_of(installed.begin(), installed.end(), is_it)) requested.emplace_back(name);
    }
    return requested;
}

Result<std::unique_ptr<Plan>> make_plan(const HostSource& source) {
    auto plan = std::make_unique<Plan>();  // its views must not move
    plan->database = TRY(open_host_database(kDatabase));
    plan->status = TRY(sys::read_file(plan->database.dir, "status", kLargest));
    auto installed = parse_status(plan->status);
    plan->packages = TRY(select_packages(installed, with_server_packages(installed, source.packages)));
    for (const auto& package : plan->packages) plan->names.insert(package.name);
    plan->diversions = parse_diversions(TRY(sys::read_file(plan->database.dir, "diversions", kLargest)));
    TRY(plan_files(*plan));
    return plan;
}

Result<> copy_files(const Plan& plan, Copier& copier, const Observer& observer) {
    constexpr std::size_t kOften = 512;
    TRY(copier.copy_merged_usr());
    for (std::size_t i = 0; i < plan.files.size(); ++i) {
        if (i % kOften == 0) {
            TRY(check_cancelled(observer));
            tell(observer, fmt::format("copying files: {}%", 100 * i / plan.files.size()));
        }
        if (!plan.changed.contains(plan.files[i].host_path)) TRY(copier.copy(plan.files[i]));
    }
    return {};
}

/// What base-passwd and mawk would have set up before they are configured: every package's script needs both.
Result<> seed_tree(const sys::DirFd& root) {
    for (std::string name : {"passwd", "group"}) {
        auto master = TRY(read_guest_file(root, "usr/share/base-passwd/" + name + ".master", kLargest));
        if (!master) return fail(Code::failed, "this host's base-passwd has no master file for /etc/{}", name);
        TRY(write_guest_file(root, "etc/" + name, master->content, {}));
    }
    if (!TRY(sys::exists(root, "usr/bin/awk")) && TRY(sys::exists(root, "usr/bin/mawk")))
        TRY(sys::make_symlink(root, "usr/bin/awk", "mawk"));
    return {};
}

/// Modules of PAM refuse every login where their file is missing; as Debian ships them these hold comments only.
Result<> replace_changed_pam_files(const sys::DirFd& root, const Plan& plan) {
    for (const auto& path : plan.changed)
        if (path.starts_with("/etc/security/") && path.ends_with(".conf"))
            TRY(write_guest_file(root, path.substr(1), "# The host's own version was left out.\n", {}));
    return {};
}

/// Public keys only; a keyring that a package brought is there already.
Result<> copy_keys(const sys::DirFd& root, const std::string& path) {
    auto target = path.substr(1);
    if (TRY(sys::exists(root, target))) return {};
    auto key = sys::read_file(sys::kHere, path, kLargest);
    if (!key && key.error().errno_value == ENOENT) return {};
    if (!key) return std::unexpected<Error>(key.error());
    return write_guest_file(root, target, *key, {});
}

/// The key files that an entry names: "signed-by=/a.gpg,/b.gpg arch=amd64".
std::vector<std::string> named_keys(const std::string& options) {
    std::vector<std::string> keys;
    auto start = options.find("signed-by=");
    if (start == std::string::npos) return keys;
    auto value = std::string_view(options).substr(start + 10);
    for (auto key : base::split(value.substr(0, value.find(' ')), ','))
        if (key.starts_with('/')) keys.emplace_back(key);
    return keys;
}

Result<> copy_apt_configuration(const sys::DirFd& root) {
    auto sources = without_credentials(TRY(host_sources()));
    TRY(write_guest_file(root, "etc/apt/sources.list", print_sources(sources), {}));
    for (const auto& source : sources)
        for (const auto& key : named_keys(source.options)) TRY(copy_keys(root, key));
    TRY(copy_keys(root, "/etc/apt/trusted.gpg"));
    for (std::string dir : {"/etc/apt/trusted.gpg.d", "/etc/apt/keyrings"}) {
        auto fd = sys::open_dir(sys::kHere, dir);
        if (!fd) continue;
        for (const auto& name : TRY(sys::list_dir(*fd))) TRY(copy_keys(root, dir + "/" + name));
    }
    return {};
}

Result<> configure(const std::string& tree, std::size_t package_count, const Observer& observer) {
    std::size_t done = 0;
    SandboxRequest request;
    request.argv = {"/usr/bin/dpkg", "--force-unsafe-io", "--configure", "--pending"};
    request.environment = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LC_ALL=C.UTF-8",
                           "DEBIAN_FRONTEND=noninteractive", "DEBCONF_NONINTERACTIVE_SEEN=true"};
    request.root = tree;
    request.cancel = observer.cancel;
    request.on_line = [&](std::string_view line) {
        if (line.starts_with("Setting up ")) tell(observer, fmt::format("configuring packages: {}%", 100 * done++ / package_count));
    };
    auto result = TRY(run_in_sandbox(request));
    if (!result.status.success()) return fail(Code::failed, "dpkg could not configure the packages: {}", result.reason());
    return {};
}

std::vector<std::string> notes_of(const Plan& plan, const Copier& copier) {
    std::vector<std::string> notes;
    for (const auto& path : plan.changed) notes.push_back(fmt::format("left out {}: it was changed on the host", path));
    if (copier.missing() > 0) notes.push_back(fmt::format("{} files of the packages are missing on the host", copier.missing()));
    return notes;
}

}  // namespace

Result<std::string> host_key(const HostSource& source) {
    std::set<std::string> packages(source.packages.begin(), source.packages.end());
    auto key = std::string("host");
    for (const char* name : {"/status", "/diversions"}) {
        auto status = TRY(sys::stat_at(sys::kHere, kDatabase + name));
        key += fmt::format(" {}:{}:{}.{}", status.st_ino, status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
    }
    return fmt::format("{} {}", key, fmt::join(packages, ","));
}

Result<std::vector<std::string>> build_host(const HostSource& source, const Staging& staging, const Observer& observer) {
    tell(observer, "reading the host's package database");
    auto plan = TRY(make_plan(source));
    TRY(sys::make_dir(staging.dir(), "tree", 0755, sys::IfExists::fail));
    auto root = TRY(sys::open_dir(staging.dir(), "tree"));
    Copier copier(TRY(sys::duplicate(root)));
    TRY_WITH(copy_files(*plan, copier, observer), "copy the host's packages");
    TRY_WITH(write_database(root, {&plan->database, &plan->packages, &plan->diversions}), "write the package database");
    TRY_WITH(seed_tree(root), "prepare the new root");
    TRY(replace_changed_pam_files(root, *plan));
    TRY_WITH(copy_apt_configuration(root), "copy apt's sources");
    TRY(forbid_services(root));
    TRY(configure(staging.path() + "/tree", plan->packages.size(), observer));
    TRY(allow_services(root));
    TRY_WITH(tidy_tree(root), "tidy the new root");
    return notes_of(*plan, copier);
}

}  // namespace vs::storage
