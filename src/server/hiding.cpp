#include "server/hiding.hpp"

#include <algorithm>
#include <cerrno>

#include "base/text.hpp"
#include "context/shield.hpp"
#include "model/paths.hpp"
#include "server/drop_in.hpp"
#include "sys/file.hpp"
#include "sys/mount.hpp"
#include "sys/mount_table.hpp"

namespace vs::server {

namespace {

const std::string kProc = "/proc", kOption = "hidepid", kHidden = "ptraceable", kShown = "off";
const std::string kDropIn = "vserver-proc.conf";
const std::string kBefore = ".hidepid";  // below /run/vservers: what it was, for a reboot makes /proc anew

constexpr std::string_view kText =
    "# Made by 'vserver shield hide on'; 'vserver shield hide off' takes it away. The machine's /proc shows processes only to who may\n"
    "# trace them; this service has not the right to, and gets a /proc of its own that shows all.\n"
    // Either alone does nothing: systemd 252 mounts a procfs anew only in a mount namespace that something else has asked for.
    "[Service]\nPrivateMounts=yes\nMountAPIVFS=yes\n";

/// What the option is now; the kernel does not print the default.
Result<std::string> current() {
    auto proc = TRY(sys::mounted_at(kProc));
    if (!proc) return fail(Code::failed, "/proc is not mounted");
    for (auto option : base::split(proc->super_options, ','))
        if (option.starts_with(kOption + "=")) return std::string(option.substr(kOption.size() + 1));
    return kShown;
}

/// A unit or a shell in a namespace of its own may have another: its options would be nobody else's.
Result<> require_machines_proc() {
    auto own = TRY(sys::stat_at(sys::kHere, kProc)), first = TRY(sys::stat_at(sys::kHere, "/proc/1/root/proc"));
    if (own.st_dev == first.st_dev) return {};
    return fail(Code::failed, "the /proc here is not the one of the machine's first process: say this in the main environment itself");
}

Result<> require_shield() {
    if (TRY(context::shield_is_up())) return {};
    TRY(context::try_shield());
    return fail(Code::failed, "the shield is off, and without it root sees every process in any /proc: 'vserver shield on' first");
}

Result<sys::DirFd> run_dir() {
    TRY(sys::make_dir(sys::kHere, model::paths::kRun, 0700, sys::IfExists::keep));
    return sys::open_dir(sys::kHere, model::paths::kRun);
}

Result<> set_option(const std::string& value) { return sys::fs_reconfigure(kProc, {{kOption, value}}); }

/// True where it had been changed.
Result<bool> restore() {
    auto run = TRY(run_dir());
    auto before = sys::read_file(run, kBefore);
    if (!before && before.error().errno_value == ENOENT) return false;
    TRY(require_machines_proc());
    TRY(set_option(TRY(std::move(before))));
    TRY(sys::remove_file(run, kBefore));
    return true;
}

}  // namespace

Result<Blinded> plan_hiding() {
    TRY(require_shield());
    TRY(require_machines_proc());
    return find_blinded();
}

Result<> give_own_proc(const std::vector<std::string>& services) {
    for (const auto& service : services) TRY_WITH(write_drop_in(service, kDropIn, std::string(kText)), "give '{}' a /proc of its own", service);
    return services.empty() ? Result<>() : reload_units();
}

Result<> hide_servers() {
    auto now = TRY(current());
    if (now == kHidden) return {};
    TRY(sys::replace_file(TRY(run_dir()), kBefore, now, 0600, sys::Durability::volatile_));
    return set_option(kHidden);
}

Result<bool> show_servers() {
    bool was_hidden = TRY(restore());
    auto services = TRY(services_with_own_proc());
    for (const auto& service : services) TRY(remove_drop_in(service, kDropIn));
    if (!services.empty()) TRY(reload_units());
    return was_hidden || !services.empty();
}

Result<bool> servers_are_hidden() { return TRY(context::shield_is_up()) && TRY(current()) == kHidden; }

Result<std::vector<std::string>> services_with_own_proc() { return units_with_drop_in(kDropIn); }

}  // namespace vs::server
