// `vserver doctor`: what this machine can do, found out by doing it.

#include <fcntl.h>

#include <array>

#include "base/text.hpp"
#include "model/paths.hpp"
#include "server/birth.hpp"
#include "server/cgroups.hpp"
#include "server/examine_parts.hpp"
#include "server/host_limits.hpp"
#include "server/network.hpp"
#include "server/our_programs.hpp"
#include "server/run_state.hpp"
#include "server/shield.hpp"
#include "server/void_overlay.hpp"
#include "sys/file.hpp"
#include "sys/host.hpp"
#include "sys/overwrite.hpp"
#include "sys/process.hpp"
#include "sys/user_namespace.hpp"

namespace vs::server {

namespace {

constexpr KernelVersion kOldestKernel{6, 1};
const std::uint32_t kFirstId = model::ServerNumber{0}.first_id();
constexpr std::uint64_t kIds = 65536ULL * (model::ServerNumber::kMost + 1);
constexpr std::chrono::seconds kPatience{10};

void examine_kernel(Findings& findings) {
    auto release = sys::kernel_release();
    auto version = parse_kernel_version(release);
    auto text = fmt::format("Linux {}", release);
    if (version < kOldestKernel)
        return findings.bad("kernel", text, fmt::format("boot a kernel of {}.{} or newer", kOldestKernel.major, kOldestKernel.minor));
    findings.good("kernel", text);
}

void examine_cgroups(Findings& findings) {
    auto host = CgroupHost::open();
    if (!host) return findings.bad("cgroups", host.error().message(), "mount -t cgroup2 cgroup2 /sys/fs/cgroup");
    findings.good("cgroups", fmt::format("{}, limits on version {}", host->root_path(), host->unified() ? 2 : 1));
}

void examine_user_namespaces(Findings& findings) {
    auto proc = sys::open_dir(sys::kHere, "/proc");
    auto tried = proc ? try_birth(*proc, kFirstId) : Result<>(std::unexpected<Error>(proc.error()));
    if (tried) return findings.good("userns", "user namespaces can be made, one in another too");
    if (tried.error().code == Code::unsupported) return findings.notice("userns", tried.error().message(), "sysctl -w kernel.unprivileged_userns_clone=1");
    findings.bad("userns", tried.error().message(), "sysctl -w user.max_user_namespaces=65536");
}

/// A root as a server has it: idmapped layers, and a file of the image whose mode is changed without copying its content.
Result<> try_overlay(const storage::Store& store) {
    constexpr std::size_t kContent = 1 << 16;
    auto staging = TRY(storage::Staging::make(store, "examine"));
    for (const char* dir : {"image", "own", "own/upper", "own/work"}) TRY(sys::make_dir(staging.dir(), dir, 0755, sys::IfExists::keep));
    auto file = TRY(sys::open_at(staging.dir(), "image/file", O_WRONLY | O_CREAT | O_EXCL, 0644));
    TRY(sys::write_all(file, std::string(kContent, 'x')));
    auto proc = TRY(sys::open_dir(sys::kHere, "/proc"));
    auto mapping = TRY(sys::make_id_mapping(proc, sys::IdMapLine{0, kFirstId, 65536}));
    auto layers = TRY(storage::open_layers({staging.path() + "/image"}, staging.path() + "/own"));
    auto root = TRY(overlay_in_void(std::move(layers), {.access = storage::OverlayRequest::Access::writable,
                                                        .id_mapping = &mapping,
                                                        .mapped_root = kFirstId}));
    auto merged = TRY(sys::open_beneath(root, "file", O_RDONLY));
    if (TRY(sys::stat_fd(merged)).st_uid != kFirstId) return fail(Code::unsupported, "ids are not shifted");
    TRY(sys::change_mode(merged, 0600));
    auto changed = TRY(sys::stat_at(staging.dir(), "own/upper/file"));
    // In units of 512 bytes. Not nothing: the xattrs of a stub may need a block of their own (ext4 with inodes of 256 bytes).
    if (static_cast<std::size_t>(changed.st_blocks) * 512 >= kContent)
        return fail(Code::unsupported, "a change of mode copies the whole file (no metacopy)");
    return {};
}

void examine_overlay(Findings& findings, const storage::Store& store) {
    auto tried = try_overlay(store);
    if (tried) return findings.good("overlay", fmt::format("idmapped layers and metacopy work on {}", store.path()));
    findings.bad("overlay", fmt::format("{}: {}", store.path(), tried.error().message()), fmt::format("put {} on ext4, xfs or btrfs", store.path()));
}

void examine_firewall(Findings& findings) {
    auto tables = sys::run_checked({"nft", "list", "tables"}, {.limit = kPatience});
    if (!tables && tables.error().code == Code::unsupported) return findings.bad("firewall", "nft is not installed", "apt-get install nftables");
    if (!tables) return findings.bad("firewall", tables.error().message(), "load nf_tables: modprobe nf_tables");
    findings.good("firewall", "nf_tables works");
}

void examine_wire(Findings& findings) {
    auto running = running_networks();
    auto found = running ? examine_network(*running) : Result<std::vector<NetworkFinding>>(std::unexpected<Error>(running.error()));
    if (!found) return findings.bad("network", found.error().message(), "");
    for (const auto& finding : *found) findings.bad("network", finding.problem, finding.remedy);
    if (found->empty()) findings.good("network", "nothing keeps servers off the wire");
}

void examine_limits(Findings& findings) {
    auto sysctls = sys::open_dir(sys::kHere, "/proc/sys");
    auto low = sysctls ? low_host_limits(*sysctls) : Result<std::vector<LowLimit>>(std::unexpected<Error>(sysctls.error()));
    if (!low) return findings.bad("limits", low.error().message(), "");
    for (const auto& limit : *low)
        findings.notice("limits", fmt::format("{} = {}: one server can use that up for all; a start raises it where it may", limit.path, limit.value),
                        fmt::format("sysctl -w {}={}", limit.path, limit.wanted));
    if (low->empty()) findings.good("limits", "those that all servers share are high enough");
}

void examine_programs(Findings& findings) {
    constexpr std::array kPrograms = {"vserver-keeper", "vserver-recorder", "vserver-netview", "vserver-init", "vserver-unpack"};
    bool whole = true;
    for (const char* name : kPrograms) {
        auto path = libexec_program(name);
        auto there = sys::exists(sys::kHere, path);
        if (there && *there) continue;
        whole = false;
        findings.bad("programs", fmt::format("'{}' is missing", path), "install the package again: apt-get install --reinstall vserver");
    }
    if (whole) findings.good("programs", "all of this package are there");
}

void examine_builders(Findings& findings) {
    auto there = sys::run_checked({"mmdebstrap", "--version"}, {.limit = kPatience});
    if (there) return findings.good("builders", std::string(base::trim(*there)));
    findings.notice("builders", "mmdebstrap is not installed: no --from debian", "apt-get install mmdebstrap");
}

void examine_ids(Findings& findings) {
    auto foreign = storage::foreign_ids();
    if (!foreign) return findings.bad("ids", foreign.error().message(), "");
    auto others = overlapping(*foreign, kFirstId, kIds);
    if (others.empty()) return findings.good("ids", fmt::format("{} to {} are free for servers", kFirstId, kFirstId + kIds - 1));
    findings.notice("ids", fmt::format("others have {} ids from {} on in the range of servers", others[0].count, others[0].first),
                    "new servers avoid them; see /etc/subuid, /etc/subgid, /etc/passwd and /etc/group");
}

void examine_shield(Findings& findings) {
    auto status = shield_status();
    if (!status) return findings.bad("shield", status.error().message(), "");
    if (status->up && !status->is_door)
        return findings.bad("shield", "up, and this vserver, installed later, is not its door: it cannot stop or enter servers", "vserver shield on");
    if (status->up) return findings.good("shield", "up: only the door reaches the processes of servers");
    auto impossible = why_no_shield();
    if (!impossible.empty()) return findings.notice("shield", impossible, "");
    findings.notice("shield", "off: context 0 sees and reaches the processes of servers", "vserver shield on");
}

/// Whoever takes the machine must not find the keys that sealed what was before.
void examine_log_keys(Findings& findings) {
    auto logs = sys::open_dir(sys::kHere, model::paths::kLogs);
    if (!logs) return;  // none yet
    std::vector<std::string> open;
    auto names = sys::list_dir(*logs);
    if (!names) return findings.bad("log keys", names.error().message(), "");
    for (const auto& name : *names) {
        auto directory = sys::open_dir(*logs, name);
        auto overwrite = directory ? sys::overwrite_of(*directory) : Result<sys::Overwrite>(sys::Overwrite::in_place);
        if (!overwrite || *overwrite == sys::Overwrite::elsewhere) open.push_back(name);
    }
    if (open.empty()) return findings.good("log keys", "are written over in place");
    findings.notice("log keys", fmt::format("those of '{}' stay on the disk when they are written over: {} copies on writing",
                                            fmt::join(open, "', '"), model::paths::kLogs),
                    "keep it on ext4 or xfs, and let another machine witness the logs (vserver NAME logs witness)");
}

}  // namespace

std::vector<Finding> examine_host(const storage::Store& store) {
    Findings findings;
    examine_kernel(findings);
    examine_cgroups(findings);
    examine_user_namespaces(findings);
    examine_overlay(findings, store);
    examine_firewall(findings);
    examine_wire(findings);
    examine_limits(findings);
    examine_programs(findings);
    examine_builders(findings);
    examine_ids(findings);
    examine_shield(findings);
    examine_disk(findings, store);
    examine_log_keys(findings);
    return findings.take();
}

}  // namespace vs::server
