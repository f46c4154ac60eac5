#include "storage/tidy_tree.hpp"

#include "storage/guest_file.hpp"
#include "sys/file.hpp"
#include "sys/tree.hpp"
#include "sys/walk.hpp"

namespace vs::storage {

namespace {

constexpr const char* kPolicy = "usr/sbin/policy-rc.d";

// Each server gets its own of these, or makes it.
constexpr const char* kIdentityFiles[] = {
    "etc/machine-id", "etc/hostname", "etc/hosts", "etc/resolv.conf", "etc/mailname", "var/lib/dbus/machine-id",
    "var/lib/systemd/random-seed", "var/lib/systemd/credential.secret",
};
constexpr const char* kLeftovers[] = {
    "etc/passwd-", "etc/group-", "etc/shadow-", "etc/gshadow-", "etc/subuid-", "etc/subgid-", "etc/.pwd.lock",
    "var/lib/dpkg/status-old", "var/lib/dpkg/diversions-old", "var/lib/dpkg/statoverride-old", "var/lib/dpkg/lock",
    "var/lib/dpkg/lock-frontend", "var/lib/dpkg/triggers/Lock", "var/cache/debconf/config.dat-old",
    "var/cache/debconf/templates.dat-old", "var/cache/debconf/passwords.dat", "var/cache/ldconfig/aux-cache",
    "var/lib/ucf/cache-old",
};
constexpr const char* kEmptied[] = {"dev", "run", "tmp", "var/tmp", "var/cache/apt", "var/lib/apt/lists"};

Result<> empty_directory(const sys::DirFd& root, const char* path) {
    auto dir = TRY(open_guest_dir(root, path));
    if (!dir) return {};
    for (const auto& name : TRY(sys::list_dir(*dir))) TRY(sys::remove_tree(*dir, name));
    return {};
}

Result<> remove_ssh_keys(const sys::DirFd& root) {
    auto dir = TRY(open_guest_dir(root, "etc/ssh"));
    if (!dir) return {};
    for (const auto& name : TRY(sys::list_dir(*dir)))
        if (name.starts_with("ssh_host_")) TRY(sys::remove_tree(*dir, name));
    return {};
}

/// Logs are emptied and their directories stay: daemons expect these with their owners.
Result<> remove_logs(const sys::DirFd& root) {
    auto dir = TRY(open_guest_dir(root, "var/log"));
    if (!dir) return {};
    return sys::walk_tree(*dir, [&](const std::string& path, const struct stat& status) -> Result<> {
        return S_ISREG(status.st_mode) ? remove_guest_file(*dir, path) : Result<>();
    });
}

}  // namespace

Result<> tidy_tree(const sys::DirFd& root) {
    for (const char* path : kIdentityFiles) TRY(remove_guest_file(root, path));
    for (const char* path : kLeftovers) TRY(remove_guest_file(root, path));
    for (const char* path : kEmptied) TRY(empty_directory(root, path));
    TRY(remove_ssh_keys(root));
    return remove_logs(root);
}

Result<> forbid_services(const sys::DirFd& root) { return write_guest_file(root, kPolicy, "#!/bin/sh\nexit 101\n", {.mode = 0755}); }

Result<> allow_services(const sys::DirFd& root) { return remove_guest_file(root, kPolicy); }

}  // namespace vs::storage
