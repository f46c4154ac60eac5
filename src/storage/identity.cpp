#include "storage/identity.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "storage/guest_file.hpp"
#include "storage/ssh_key.hpp"
#include "sys/file.hpp"
#include "sys/mount.hpp"
#include "sys/tree.hpp"

namespace vs::storage {

namespace {

constexpr std::size_t kLargestAccounts = 4 << 20;
constexpr const char* kScratch = "identity-work";

/// Image and upper layer as one root, attached nowhere: it ends with its descriptor, however we end. `volatile`, because an
/// overlay's last close would otherwise sync the whole file system.
Result<sys::MountFd> mount_privately(const std::string& image_tree, const sys::DirFd& server_dir) {
    TRY(sys::make_dir(server_dir, kScratch, 0700, sys::IfExists::fail));
    auto below = fmt::format("/proc/self/fd/{}/", server_dir.get());
    return sys::new_mount("overlay",
                          {{"lowerdir", image_tree}, {"upperdir", below + "upper"}, {"workdir", below + kScratch},
                           {"metacopy", "on"}, {"redirect_dir", "on"}, {"index", "off"}, {"volatile", ""}},
                          MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
}

std::string hosts_file(const IdentityRequest& request) {
    std::string names = request.host_name;
    if (!request.domain_name.empty()) names = request.host_name + "." + request.domain_name + " " + names;
    std::string out = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n";
    out += "ff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n\n";
    for (const auto& address : request.addresses) out += fmt::format("{}\t{}\n", address.text(), names);
    if (request.addresses.empty()) out += fmt::format("127.0.1.1\t{}\n", names);
    return out;
}

bool is_loopback(std::string_view address) { return address.starts_with("127.") || address == "::1" || address.starts_with("fe80:"); }

/// The host's own servers, of the first file that names one that can be reached from elsewhere. Behind systemd-resolved the
/// first has only a loopback address and the second has the real ones.
std::vector<std::string> host_nameservers() {
    std::vector<std::string> found;
    for (const char* path : {"/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"}) {
        auto text = sys::read_file(sys::kHere, path);
        if (!text) continue;
        for (auto line : base::split(*text, '\n')) {
            if (!line.starts_with("nameserver")) continue;
            auto address = base::trim(line.substr(10));
            if (!is_loopback(address) && model::IpAddress::parse(address)) found.emplace_back(address);
        }
        if (!found.empty()) break;
    }
    return found;
}

std::string resolver_file(const IdentityRequest& request) {
    std::vector<std::string> servers;
    for (const auto& address : request.nameservers) servers.push_back(address.text());
    if (servers.empty()) servers = host_nameservers();
    std::string out = servers.empty() ? "# The host has no name server that can be reached from here.\n" : "";
    if (!request.domain_name.empty()) out += fmt::format("search {}\n", request.domain_name);
    for (const auto& server : servers) out += fmt::format("nameserver {}\n", server);
    return out;
}

/// Replaces the password field of root's line where it is one that lets somebody in: "*" and "!..." never do.
std::optional<std::string> with_root_locked(const std::string& text, std::string_view harmless, std::string_view locked) {
    auto start = text.starts_with("root:") ? 0 : text.find("\nroot:");
    if (start == std::string::npos) return std::nullopt;
    auto field = text.find("root:", start) + 5;
    auto end = text.find_first_of(":\n", field);
    if (end == std::string::npos) end = text.size();
    std::string_view value = std::string_view(text).substr(field, end - field);
    if (value == harmless || value == "*" || value.starts_with("!")) return std::nullopt;
    return text.substr(0, field) + std::string(locked) + text.substr(end);
}

Result<> lock_root_password(const sys::MountFd& root) {
    auto shadow = TRY(read_guest_file(root, "etc/shadow", kLargestAccounts));
    auto passwd = TRY(read_guest_file(root, "etc/passwd", kLargestAccounts));
    if (shadow) {
        if (auto locked = with_root_locked(shadow->content, "*", "*"))
            TRY(write_guest_file(root, "etc/shadow", *locked, shadow->attributes));
    }
    if (!passwd) return {};
    auto locked = shadow ? with_root_locked(passwd->content, "x", "x") : with_root_locked(passwd->content, "*", "*");
    if (!locked) return {};
    return write_guest_file(root, "etc/passwd", *locked, passwd->attributes);
}

Result<> renew_ssh_keys(const sys::MountFd& root, const std::string& host_name) {
    auto dir = TRY(open_guest_dir(root, "etc/ssh"));
    if (!dir) return {};
    for (const auto& name : TRY(sys::list_dir(*dir)))
        if (name.starts_with("ssh_host_")) TRY(sys::remove_tree(*dir, name));
    auto key = TRY(make_ssh_host_key("root@" + host_name));
    TRY(write_guest_file(root, "etc/ssh/ssh_host_ed25519_key", key.private_file, {.mode = 0600}));
    return write_guest_file(root, "etc/ssh/ssh_host_ed25519_key.pub", key.public_file, {});
}

/// Old systems keep the machine id a second time.
Result<> renew_machine_id(const sys::MountFd& root, const std::string& machine_id) {
    TRY(write_guest_file(root, "etc/machine-id", machine_id + "\n", {.mode = 0444}));
    auto second = TRY(read_guest_file(root, "var/lib/dbus/machine-id", 4096));
    if (!second) return {};
    return link_guest_file(root, "var/lib/dbus/machine-id", "/etc/machine-id");
}

Result<> write_all_of_it(const sys::MountFd& root, const IdentityRequest& request, const std::string& machine_id) {
    TRY(renew_machine_id(root, machine_id));
    TRY(write_guest_file(root, "etc/hostname", request.host_name + "\n", {}));
    TRY(write_guest_file(root, "etc/hosts", hosts_file(request), {}));
    TRY(write_guest_file(root, "etc/resolv.conf", resolver_file(request), {}));
    TRY(write_guest_file(root, "etc/fstab", "# The host mounts this server's file systems.\n", {}));
    TRY(renew_ssh_keys(root, request.host_name));
    return lock_root_password(root);
}

}  // namespace

Result<> write_identity(const std::string& image_tree, const sys::DirFd& server_dir, const IdentityRequest& request,
                        const std::string& machine_id) {
    {
        auto root = TRY_WITH(mount_privately(image_tree, server_dir), "open the new server's root");
        TRY(write_all_of_it(root, request, machine_id));
    }
    return sys::remove_tree(server_dir, kScratch);
}

}  // namespace vs::storage
