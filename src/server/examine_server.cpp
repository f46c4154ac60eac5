// `vserver NAME check`: what would keep one server from starting, or from working once it runs.

#include <fcntl.h>

#include <optional>

#include "base/text.hpp"
#include "server/examine_parts.hpp"
#include "server/hooks.hpp"
#include "server/host_path.hpp"
#include "server/mount_view.hpp"
#include "server/network.hpp"
#include "server/query.hpp"
#include "storage/image.hpp"
#include "storage/os_release.hpp"
#include "sys/file.hpp"
#include "sys/mount.hpp"

namespace vs::server {

namespace {

void examine_image(Findings& findings, const storage::Store& store, const Server& server) {
    if (server.settings.image != server.record.image)
        findings.notice("image", fmt::format("its settings say '{}', but its layer stands on '{}', and that counts", server.settings.image, server.record.image),
                        fmt::format("say image = \"{}\" in {}", server.record.image, settings_path(server.name)));
    auto image = storage::read_image(store, server.record.image);
    if (!image) return findings.bad("image", image.error().message(), "bring the image back, or delete the server");
    findings.good("image", fmt::format("{} ({})", image->id, image->source));
}

void examine_ids(Findings& findings, const Server& server) {
    auto first = server.record.number.first_id();
    auto foreign = storage::foreign_ids();
    if (!foreign) return findings.bad("ids", foreign.error().message(), "");
    auto others = overlapping(*foreign, first, 65536);
    if (others.empty()) return findings.good("ids", fmt::format("{} to {} on the host", first, first + 65535));
    findings.bad("ids", fmt::format("it shares {} ids from {} on with somebody else of this host", others[0].count, others[0].first),
                 "take them away there: /etc/subuid, /etc/subgid, /etc/passwd, /etc/group");
}

Result<std::vector<AddressConflict>> address_conflicts(const Server& server) {
    auto host = TRY(HostNetwork::open());
    auto facts = TRY(host.facts(server.settings.network));
    auto plan = TRY(plan_network(server.settings.network, server.record.number, 1, facts));
    return host.addresses_in_use(plan);
}

void examine_addresses(Findings& findings, const Server& server, bool runs) {
    const auto& network = server.settings.network;
    if (network.kind != model::NetworkKind::private_ && network.kind != model::NetworkKind::bind) return findings.good("addresses", "it has none of its own");
    if (network.addresses.empty()) return findings.notice("addresses", "it has none: nobody reaches it", fmt::format("say addresses = [...] in {}", settings_path(server.name)));
    auto conflicts = address_conflicts(server);
    if (!conflicts) return findings.bad("addresses", conflicts.error().message(), "");
    bool good = true;
    for (const auto& conflict : *conflicts) {
        if (runs && conflict.context == server.record.number.context()) continue;
        good = false;
        auto owner = conflict.context ? fmt::format("context {}", *conflict.context) : std::string("the host");
        findings.bad("addresses", fmt::format("{} is in use by {} on '{}'", conflict.address.text(), owner, conflict.device), "give it another one, or take it away there");
    }
    if (good) findings.good("addresses", fmt::format("{} of its own", network.addresses.size()));
}

/// libsystemd-shared-252.so is what systemd of version 252 is linked with; no file says it more plainly.
std::optional<std::string> systemd_version(sys::FdRef root, const std::string& dir) {
    constexpr std::string_view kPrefix = "libsystemd-shared-", kSuffix = ".so";
    auto opened = sys::open_in_root(root, dir, O_RDONLY | O_DIRECTORY);
    auto names = opened ? sys::list_dir(*opened) : Result<std::vector<std::string>>(std::vector<std::string>{});
    if (!names) return std::nullopt;
    for (const auto& name : *names)
        if (name.starts_with(kPrefix) && name.ends_with(kSuffix))
            return base::escape_control(name.substr(kPrefix.size(), name.size() - kPrefix.size() - kSuffix.size()));
    return std::nullopt;
}

/// What leads whoever starts /sbin/init to a service manager that has a name.
struct InitSign {
    const char* path;
    const char* name;
};
constexpr InitSign kInitSigns[] = {{"sbin/openrc-run", "OpenRC"}, {"usr/sbin/openrc-run", "OpenRC"}, {"etc/inittab", "sysvinit"}};

/// What /sbin/init is; nullopt where there is none.
std::optional<std::string> guest_init(sys::FdRef root) {
    auto init = sys::open_in_root(root, "sbin/init", O_PATH);
    if (!init) return std::nullopt;
    auto leads_to = sys::read_link(sys::kHere, fmt::format("/proc/self/fd/{}", init->get()));
    if (leads_to && leads_to->ends_with("/systemd")) {
        for (const char* dir : {"usr/lib/systemd", "usr/lib/x86_64-linux-gnu/systemd", "usr/lib/aarch64-linux-gnu/systemd", "lib/systemd"})
            if (auto version = systemd_version(root, dir)) return "systemd " + *version;
        return std::string("systemd");
    }
    for (const auto& sign : kInitSigns)
        if (sys::open_in_root(root, sign.path, O_PATH)) return std::string(sign.name);
    return std::string("/sbin/init");
}

void examine_init(Findings& findings, const Server& server, sys::FdRef root) {
    using model::InitKind;
    auto kind = server.settings.init;
    auto services = server.settings.services.size();
    if (kind == InitKind::services && services == 0)
        return findings.notice("init", "vserver-init without services: it will run idle", "add a [[service]] to its settings");
    if (kind == InitKind::services) return findings.good("init", fmt::format("vserver-init with {} services", services));
    if (auto init = guest_init(root)) return findings.good("init", *init);
    if (kind == InitKind::guest) return findings.bad("init", "it has no /sbin/init", "install one, or say init = \"services\" in its settings");
    if (services > 0) return findings.good("init", fmt::format("vserver-init with {} services, for it has no /sbin/init", services));
    findings.notice("init", "it has no /sbin/init and no services: it will run idle", "add a [[service]] to its settings");
}

void examine_guest(Findings& findings, const storage::Store& store, const Server& server) {
    auto view = open_view(store, server);
    if (!view) return findings.bad("root", view.error().message(), "vserver doctor");
    auto root = sys::open_dir(*view, ".");
    if (!root) return findings.bad("root", root.error().message(), "vserver doctor");
    auto os = storage::read_os_release(*root).pretty_name;
    findings.good("system", os.empty() ? "it does not say what it is" : os);
    examine_init(findings, server, *root);
}

/// nosuid on the server's side counts for the server; the host's view of the same files has what its own mount has.
void examine_setuid(Findings& findings, const model::HostMount& mount, sys::FdRef place) {
    auto heeds = sys::heeds_setuid(place);
    if (heeds && !*heeds) return;
    findings.notice("mounts", fmt::format("a setuid program that the server leaves in '{}' is the owner's to whoever runs it on the host", mount.from),
                    fmt::format("keep it on a file system that the host mounts nosuid: mount --bind {0} {0} && mount -o remount,bind,nosuid {0}", mount.from));
}

void examine_mounts(Findings& findings, const Server& server) {
    for (const auto& mount : server.settings.mounts) {
        auto place = open_host_path(mount.from);
        auto status = place ? sys::stat_fd(*place) : Result<struct stat>(std::unexpected<Error>(place.error()));
        if (!status) findings.bad("mounts", status.error().message(), fmt::format("mend '{}' on the host, or take it out of the settings", mount.from));
        else if (mount.writable && (status->st_uid == 0 || status->st_gid == 0))
            findings.bad("mounts", fmt::format("'{}' belongs to root or its group and cannot be mapped writable", mount.from),
                         fmt::format("chown USER: {}", mount.from));
        else if (mount.writable) examine_setuid(findings, mount, *place);
    }
}

void examine_hooks(Findings& findings, const Server& server) {
    const auto& script = server.settings.hooks;
    if (script.empty()) return;
    auto status = sys::stat_at(sys::kHere, script);
    if (!status) return findings.bad("hooks", status.error().message(), "write the script, or take it out of the settings");
    if (auto checked = check_hook(script); !checked) return findings.bad("hooks", checked.error().message(), "");
    findings.good("hooks", script);
}

}  // namespace

std::vector<Finding> examine_server(const storage::Store& store, const Server& server) {
    Findings findings;
    auto status = query_server(store, server.name);
    bool runs = status && status->condition == Condition::running;
    findings.good("settings", settings_path(server.name));
    examine_image(findings, store, server);
    examine_guest(findings, store, server);
    examine_ids(findings, server);
    examine_addresses(findings, server, runs);
    examine_mounts(findings, server);
    examine_hooks(findings, server);
    examine_disk(findings, store);
    return findings.take();
}

}  // namespace vs::server
