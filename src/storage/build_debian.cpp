#include "storage/build_debian.hpp"

#include <set>

#include "base/text.hpp"
#include "storage/apt_sources.hpp"
#include "storage/guest_file.hpp"
#include "storage/os_release.hpp"
#include "storage/sandbox.hpp"
#include "storage/tidy_tree.hpp"
#include "sys/file.hpp"
#include "sys/process.hpp"

namespace vs::storage {

namespace {

// With these a server reaches `running`, takes logins, resolves names and installs packages.
constexpr const char* kServerPackages[] = {
    "systemd-sysv", "dbus", "libpam-systemd", "ca-certificates", "iproute2", "iputils-ping", "netbase", "procps", "less",
};

/// apt has its own work there and drops its privileges: a place that it can write to is part of the tree.
Result<std::string> write_sources(const DebianPlan& plan, const Staging& staging) {
    std::string name = "sources.list";
    TRY(sys::replace_file(staging.dir(), name, plan.sources, 0600, sys::Durability::volatile_));
    return staging.path() + "/" + name;
}

std::string joined(const std::vector<std::string>& packages) { return fmt::format("{}", fmt::join(packages, ",")); }

SandboxRequest mmdebstrap_request(const DebianPlan& plan, const std::string& tree, const std::string& sources) {
    SandboxRequest request;
    request.argv = {"/usr/bin/mmdebstrap", "--mode=root", "--format=directory", "--variant=apt",
                    "--architectures=" + plan.architecture, "--include=" + joined(plan.packages), plan.suite, tree};
    if (!sources.empty()) request.argv.push_back(sources);
    request.environment = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LC_ALL=C.UTF-8",
                           "DEBIAN_FRONTEND=noninteractive"};
    request.identity = SandboxRequest::Identity::host;  // mmdebstrap mounts, and chroots into, the new root itself
    request.network = SandboxRequest::Network::host;
    return request;
}

/// mmdebstrap says "I: running apt-get update..." and, on failure, "E: ...".
std::string step_of(std::string_view line) {
    if (!line.starts_with("I: ")) return "";
    line.remove_prefix(3);
    if (line.ends_with("...")) line.remove_suffix(3);
    return std::string(line);
}

Result<> run_mmdebstrap(SandboxRequest request, const Observer& observer) {
    std::string reason;
    request.cancel = observer.cancel;
    request.on_line = [&](std::string_view line) {
        if (auto step = step_of(line); !step.empty()) tell(observer, step);
        if (line.starts_with("E: ") && reason.empty()) reason = line.substr(3);
    };
    auto result = TRY(run_in_sandbox(request));
    if (!result.status.success())
        return fail(Code::failed, "mmdebstrap could not build the system: {}", reason.empty() ? result.reason() : reason);
    return {};
}

}  // namespace

Result<DebianPlan> plan_debian(const DebianSource& source) {
    DebianPlan plan;
    auto own = read_os_release(TRY(sys::open_dir(sys::kHere, "/"))).codename;
    plan.suite = source.suite.empty() ? own : source.suite;
    if (plan.suite.empty()) return fail(Code::usage, "this host does not say which Debian it is: name a suite, as in debian:bookworm");
    plan.architecture = base::trim(TRY(sys::run_checked({"dpkg", "--print-architecture"}, {})));
    std::set<std::string> packages(source.packages.begin(), source.packages.end());
    for (const char* name : kServerPackages) packages.insert(name);
    plan.packages.assign(packages.begin(), packages.end());
    plan.sources = print_sources(sources_for(TRY(host_sources()), plan.suite, own));
    return plan;
}

std::string debian_key(const DebianPlan& plan) {
    return fmt::format("debian {} {} {} {}", plan.suite, plan.architecture, joined(plan.packages), plan.sources);
}

Result<std::vector<std::string>> build_debian(const DebianPlan& plan, const Staging& staging, const Observer& observer) {
    TRY(sys::make_dir(staging.dir(), "tree", 0755, sys::IfExists::fail));
    auto sources = plan.sources.empty() ? std::string() : TRY(write_sources(plan, staging));
    TRY(run_mmdebstrap(mmdebstrap_request(plan, staging.path() + "/tree", sources), observer));
    auto root = TRY(sys::open_dir(staging.dir(), "tree"));
    if (!sources.empty()) {
        TRY(sys::remove_file(staging.dir(), "sources.list"));
        TRY(remove_guest_file(root, "etc/apt/sources.list.d/0000sources.list"));  // the same again, by mmdebstrap
        auto harmless = print_sources(without_credentials(parse_sources_list(plan.sources)));
        TRY(write_guest_file(root, "etc/apt/sources.list", harmless, {}));
    }
    TRY_WITH(tidy_tree(root), "tidy the new root");
    return std::vector<std::string>();
}

}  // namespace vs::storage
