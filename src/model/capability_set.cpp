#include "model/capability_set.hpp"

#include <linux/capability.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace vs::model {

namespace {

/// Whether a server's root keeps it inside its own user namespace.
enum class Guest { keeps, loses };

struct Row {
    int number;
    std::string_view name;
    Guest guest;
    std::string_view reason;
};

// user_namespaces(7): a capability counts against the namespace that owns the object. Those that lose act on objects that
// have no owner but the machine, so inside they are attack surface without use; dropping them is a second wall.
constexpr std::array kTable = {
    Row{CAP_CHOWN, "chown", Guest::keeps, "files of its own ids only"},
    Row{CAP_DAC_OVERRIDE, "dac_override", Guest::keeps, "files of its own ids only"},
    Row{CAP_DAC_READ_SEARCH, "dac_read_search", Guest::keeps, "files of its own ids; open_by_handle_at asks the host"},
    Row{CAP_FOWNER, "fowner", Guest::keeps, "files of its own ids only"},
    Row{CAP_FSETID, "fsetid", Guest::keeps, "files of its own ids only"},
    Row{CAP_KILL, "kill", Guest::keeps, "processes of its own namespace only"},
    Row{CAP_SETGID, "setgid", Guest::keeps, "mapped ids only; every login needs it"},
    Row{CAP_SETUID, "setuid", Guest::keeps, "mapped ids only; every login needs it"},
    Row{CAP_SETPCAP, "setpcap", Guest::keeps, "can only give away what is in the bounding set"},
    Row{CAP_LINUX_IMMUTABLE, "linux_immutable", Guest::keeps, "the kernel asks for it in the initial namespace"},
    Row{CAP_NET_BIND_SERVICE, "net_bind_service", Guest::keeps, "its own network namespace only"},
    Row{CAP_NET_BROADCAST, "net_broadcast", Guest::keeps, "unused by the kernel"},
    Row{CAP_NET_ADMIN, "net_admin", Guest::keeps, "its own network namespace only"},
    Row{CAP_NET_RAW, "net_raw", Guest::keeps, "its own network namespace; ping needs it"},
    Row{CAP_IPC_LOCK, "ipc_lock", Guest::keeps, "the kernel asks for it in the initial namespace; memory is limited by cgroup"},
    Row{CAP_IPC_OWNER, "ipc_owner", Guest::keeps, "its own IPC namespace only"},
    Row{CAP_SYS_MODULE, "sys_module", Guest::loses, "kernel modules belong to the machine"},
    Row{CAP_SYS_RAWIO, "sys_rawio", Guest::loses, "ports and raw memory belong to the machine"},
    Row{CAP_SYS_CHROOT, "sys_chroot", Guest::keeps, "inside its own root; sshd needs it"},
    Row{CAP_SYS_PTRACE, "sys_ptrace", Guest::keeps, "processes of its own namespace only"},
    Row{CAP_SYS_PACCT, "sys_pacct", Guest::keeps, "its own process namespace only"},
    Row{CAP_SYS_ADMIN, "sys_admin", Guest::keeps, "mounts and names of its own; systemd needs it"},
    Row{CAP_SYS_BOOT, "sys_boot", Guest::keeps, "reboot(2) ends its own process namespace only"},
    Row{CAP_SYS_NICE, "sys_nice", Guest::keeps, "processes of its own namespace only"},
    Row{CAP_SYS_RESOURCE, "sys_resource", Guest::keeps, "the kernel asks for it in the initial namespace where it matters"},
    Row{CAP_SYS_TIME, "sys_time", Guest::loses, "there is one clock"},
    Row{CAP_SYS_TTY_CONFIG, "sys_tty_config", Guest::keeps, "it has no virtual console; vhangup on its own terminals"},
    Row{CAP_MKNOD, "mknod", Guest::keeps, "device nodes need it in the initial namespace; whiteouts do not"},
    Row{CAP_LEASE, "lease", Guest::keeps, "files of its own ids only"},
    Row{CAP_AUDIT_WRITE, "audit_write", Guest::keeps, "PAM fails without; the kernel refuses the record itself"},
    Row{CAP_AUDIT_CONTROL, "audit_control", Guest::loses, "audit rules belong to the machine"},
    Row{CAP_SETFCAP, "setfcap", Guest::keeps, "file capabilities carry its namespace's root; dpkg needs it"},
    Row{CAP_MAC_OVERRIDE, "mac_override", Guest::loses, "security modules guard the machine"},
    Row{CAP_MAC_ADMIN, "mac_admin", Guest::loses, "security modules guard the machine"},
    Row{CAP_SYSLOG, "syslog", Guest::loses, "the kernel's log tells about other servers"},
    Row{CAP_WAKE_ALARM, "wake_alarm", Guest::loses, "waking the machine is the machine's business"},
    Row{CAP_BLOCK_SUSPEND, "block_suspend", Guest::loses, "suspending is the machine's business"},
    Row{CAP_AUDIT_READ, "audit_read", Guest::loses, "audit records tell about other servers"},
    Row{CAP_PERFMON, "perfmon", Guest::loses, "counters see the whole machine"},
    Row{CAP_BPF, "bpf", Guest::loses, "programs run in the one kernel"},
    Row{CAP_CHECKPOINT_RESTORE, "checkpoint_restore", Guest::loses, "choosing pids and reading map_files has no use inside"},
};
static_assert(kTable.size() == CAP_LAST_CAP + 1, "the kernel headers know a capability that has no row here: judge it");
static_assert([] {
    for (std::size_t i = 0; i < kTable.size(); ++i)
        if (kTable[i].number != static_cast<int>(i)) return false;
    return true;
}(), "row N is capability N");

// The document's list, without sys_ptrace and dac_read_search, by which root could leave through a process or a directory of
// the outside, and without lease; with setfcap and audit_write, which its kernel did not have and dpkg and PAM want.
constexpr std::array kSecure = {CAP_CHOWN,  CAP_DAC_OVERRIDE, CAP_FOWNER,  CAP_FSETID,           CAP_KILL,       CAP_SETGID,
                                CAP_SETUID, CAP_SETPCAP,      CAP_SETFCAP, CAP_NET_BIND_SERVICE, CAP_SYS_CHROOT, CAP_SYS_TTY_CONFIG,
                                CAP_AUDIT_WRITE};

/// "net_admin" of "CAP_NET_ADMIN"; not <cctype>, which follows the locale.
std::string plain_name(std::string_view name) {
    std::string out(name);
    std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return out.starts_with("cap_") ? out.substr(4) : out;
}

std::string suggestion(std::string_view name) {
    std::vector<std::string_view> names;
    for (const auto& row : kTable) names.push_back(row.name);
    auto near = base::nearest(name, names);
    return near ? fmt::format("; did you mean '{}'?", *near) : std::string();
}

}  // namespace

CapabilitySet CapabilitySet::guest_default() {
    CapabilitySet set;
    for (const auto& row : kTable)
        if (row.guest == Guest::keeps) set.add(row.number);
    return set;
}

CapabilitySet CapabilitySet::secure() {
    CapabilitySet set;
    for (int number : kSecure) set.add(number);
    return set;
}

int CapabilitySet::known() { return static_cast<int>(kTable.size()); }

Result<int> CapabilitySet::number_of(std::string_view name) {
    constexpr std::size_t kLongestShown = 64;
    auto plain = plain_name(name.substr(0, kLongestShown));
    for (const auto& row : kTable)
        if (row.name == plain) return row.number;
    return fail(Code::usage, "'{}' is not a capability{}", name.substr(0, kLongestShown), suggestion(plain));
}

std::string CapabilitySet::name_of(int number) {
    for (const auto& row : kTable)
        if (row.number == number) return std::string(row.name);
    return std::to_string(number);
}

std::vector<std::string> CapabilitySet::names() const {
    std::vector<std::string> out;
    for (int number = 0; number < 64; ++number)
        if (has(number)) out.push_back(name_of(number));
    return out;
}

}  // namespace vs::model
