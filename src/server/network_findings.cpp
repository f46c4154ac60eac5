#include <linux/netlink.h>

#include <algorithm>

#include "base/text.hpp"
#include "server/network.hpp"
#include "server/network_rules.hpp"
#include "sys/nft.hpp"
#include "sys/process.hpp"

namespace vs::server {

namespace {

constexpr std::chrono::seconds kPatience{10};

/// True where a rule accepts what `word` ("iifname", "oifname") says of our devices.
bool accepts_ours(std::string_view listing, std::string_view word) {
    for (auto line : base::split(listing, '\n')) {
        bool ours = line.find(fmt::format("{} \"vs-*\"", word)) != line.npos;
        if (ours && line.find("accept") != line.npos) return true;
    }
    return false;
}

/// The commands that let our packets through a chain: with iptables where it made the chain, so that it can be listed and
/// saved with what belongs to it.
std::string remedy_for(const sys::nft::ForwardChain& chain) {
    if (chain.table == "filter" && chain.name == "FORWARD" && chain.family != "inet") {
        auto program = chain.family == "ip" ? "iptables" : "ip6tables";
        return fmt::format("{0} -I FORWARD -i vs-+ -j ACCEPT; {0} -I FORWARD -o vs-+ -j ACCEPT", program);
    }
    auto where = fmt::format("{} {} {}", chain.family, chain.table, chain.name);
    return fmt::format("nft 'insert rule {0} iifname \"vs-*\" accept; insert rule {0} oifname \"vs-*\" accept'", where);
}

Result<std::optional<NetworkFinding>> judge(const sys::nft::ForwardChain& chain) {
    std::optional<NetworkFinding> nothing;
    if (!chain.drops_by_default) return nothing;
    auto listing = TRY(sys::run_checked({"nft", "list", "chain", chain.family, chain.table, chain.name},
                                        {.input = "", .environment = {}, .limit = kPatience}));
    if (accepts_ours(listing, "iifname") && accepts_ours(listing, "oifname")) return nothing;
    auto problem = fmt::format("the firewall's chain {} in table '{} {}' drops forwarded packets, and with them those of servers; "
                               "no rule of ours can overrule it", chain.name, chain.family, chain.table);
    return std::optional(NetworkFinding{problem, remedy_for(chain)});
}

/// Forwarding that somebody has switched off: only of the devices and families that a server which runs needs.
Result<> judge_forwarding(const NetworkPlan& plan, std::vector<NetworkFinding>& findings) {
    for (const auto& [uplink, family] : {std::pair(plan.uplink4, "ipv4"), std::pair(plan.uplink6, "ipv6")}) {
        if (!uplink) continue;
        auto name = fmt::format("net/{}/conf/{}/forwarding", family, uplink->device);
        auto remedy = fmt::format("sysctl -w {}=1", name);
        auto value = TRY(sys::read_file(sys::kHere, "/proc/sys/" + name));
        if (base::trim(value) != "0" || std::ranges::find(findings, remedy, &NetworkFinding::remedy) != findings.end()) continue;
        findings.push_back({fmt::format("forwarding is off: {} = 0; servers are cut off from the wire", name), remedy});
    }
    return {};
}

/// A default route that leads elsewhere since the last start.
Result<std::vector<NetworkFinding>> judge_uplinks(HostNetwork& host) {
    std::vector<NetworkFinding> findings;
    auto facts = TRY(host.facts({}));
    for (const auto& device : TRY(host.closed_uplinks(facts.uplinks)))
        findings.push_back({fmt::format("the default route leads to '{}', which is closed to servers until the next start of one", device),
                            fmt::format("nft 'add element inet {} {} {{ \"{}\" }}'", kRulesTable.name, kUplinks, device)});
    return findings;
}

}  // namespace

Result<std::vector<NetworkFinding>> examine_network(const std::vector<NetworkPlan>& running) {
    auto filter = TRY(sys::NetlinkSocket::open(NETLINK_NETFILTER));
    std::vector<NetworkFinding> findings;
    for (const auto& chain : TRY(sys::nft::forward_chains(filter)))
        if (auto finding = TRY(judge(chain))) findings.push_back(std::move(*finding));
    if (std::ranges::none_of(running, &NetworkPlan::has_cable)) return findings;  // the first start loads rules and switches forwarding on
    auto host = TRY(HostNetwork::open());
    if (!TRY(host.has_rules()))
        findings.push_back({"somebody has taken our packet filter rules away: servers reach each other and the host's own sockets", "vserver repair"});
    else
        for (auto& finding : TRY(judge_uplinks(host))) findings.push_back(std::move(finding));
    for (const auto& plan : running) TRY(judge_forwarding(plan, findings));
    return findings;
}

}  // namespace vs::server
