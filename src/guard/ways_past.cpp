#include "guard/ways_past.hpp"

#include <fcntl.h>
#include <linux/netlink.h>

#include <cerrno>

#include "base/text.hpp"
#include "guard/secure_rules.hpp"
#include "model/paths.hpp"
#include "server/network_rules.hpp"
#include "sys/clone.hpp"
#include "sys/file.hpp"
#include "sys/link.hpp"
#include "sys/mount_table.hpp"
#include "sys/route.hpp"

namespace vs::guard {

namespace {

/// The module of LLC answers some questions by itself; where only bridges use its receiver, nothing does.
Result<bool> has_llc() { return sys::exists(sys::kHere, "/proc/net/llc"); }

Result<> judge_set(const sys::nft::Table& table, const std::set<std::string>& of_servers, Ways& ways) {
    auto socket = TRY(sys::NetlinkSocket::open(NETLINK_NETFILTER));
    auto keys = sys::nft::keys_of(socket, table, server::kAnswered);
    if (!keys && keys.error().errno_value == ENOENT) return {};  // that the rules are gone is told elsewhere
    for (const auto& key : TRY(std::move(keys))) {
        auto address = sys::address_text(key);
        ways.seen.push_back("answered for: " + address);
        if (!of_servers.contains(address)) ways.past.push_back(fmt::format("neighbours are answered for {}, which no running server has", address));
    }
    return {};
}

}  // namespace

Result<Ways> find_early_hooks() {
    Ways ways;
    auto socket = TRY(sys::NetlinkSocket::open(NETLINK_ROUTE));
    for (const auto& link : TRY(sys::links(socket)))
        for (const auto& hook : TRY(sys::early_hooks(socket, link))) ways.past.push_back(fmt::format("'{}' has {}, before every rule", base::escape_control(link.name), hook));
    auto filter = TRY(sys::NetlinkSocket::open(NETLINK_NETFILTER));
    for (const auto& chain : TRY(sys::nft::chains_before(filter, kSecurePriority, server::kSilentInet.name))) ways.past.push_back(fmt::format("the chain {} sees packets before every rule", base::escape_control(chain)));
    for (auto& line : other_packet_takers(TRY(sys::read_file(sys::kHere, "/proc/net/ptype")))) ways.past.push_back(std::move(line));
    if (TRY(has_llc())) ways.past.emplace_back("the module llc2 answers on every device: 'modprobe -r llc2'");
    return ways;
}

Result<Ways> find_answers_to_neighbours(const std::set<std::string>& of_servers) {
    Ways ways;
    for (const auto& table : {server::kSilentArp, server::kSilentInet}) TRY(judge_set(table, of_servers, ways));
    auto socket = TRY(sys::NetlinkSocket::open(NETLINK_ROUTE));
    for (const auto& entry : TRY(sys::proxy_entries(socket)))
        if (!of_servers.contains(entry.address)) ways.past.push_back(fmt::format("there is a proxy entry for {}, which no running server has", entry.address));
    return ways;
}

Result<Ways> find_kept_networks(const std::set<std::string>& known) {
    Ways ways;
    std::set<std::string> points;  // a mount may be there twice, one upon the other
    for (const auto& mount : TRY(sys::mount_table())) {
        bool kept = mount.type == "nsfs" && mount.root.starts_with("net:") && !known.contains(mount.root) && mount.point != model::paths::kParked;
        if (!kept || !points.insert(mount.point).second) continue;
        auto where = fmt::format("the network {} at {}", mount.root, base::escape_control(mount.point));
        ways.seen.push_back(where);
        auto network = TRY(sys::open_at(sys::kHere, mount.point, O_RDONLY));
        if (!sys::is_namespace(network)) return fail(Code::failed, "something is mounted over {}", where);
        auto socket = TRY(sys::NetlinkSocket::open_in(network, NETLINK_ROUTE));
        for (const auto& link : TRY(sys::links(socket)))
            if (link.shares) ways.past.push_back(fmt::format("{} has the {} '{}', which shares a device of another network", where, link.kind, base::escape_control(link.name)));
    }
    return ways;
}

Result<std::vector<sys::Probe>> probes_of_main_environment(const std::set<std::uint16_t>& ports) {
    constexpr std::uint16_t kNobody = 1;
    auto asked = ports;
    asked.insert(kNobody);
    std::vector<sys::Probe> probes;
    auto socket = TRY(sys::NetlinkSocket::open(NETLINK_ROUTE));
    for (const auto& own : TRY(sys::own_addresses(socket))) {
        if (own.address.starts_with("127.") || own.address == "::1" || own.address.starts_with("fe80:")) continue;
        probes.push_back({sys::Probe::Kind::echo, own.address, 0});
        for (auto port : asked)
            for (auto kind : {sys::Probe::Kind::tcp, sys::Probe::Kind::udp}) probes.push_back({kind, own.address, port});
    }
    return probes;
}

}  // namespace vs::guard
