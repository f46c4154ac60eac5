#include "sys/link.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/sched.h>
#include <sys/socket.h>
// <linux/if.h> clashes with <net/if.h> of glibc, so this comes last.
#include <linux/if.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "sys/bpf.hpp"
#include "sys/clone.hpp"
#include "sys/file.hpp"

namespace vs::sys {

namespace {

// Where the name is taken in the namespace that a device goes to.
constexpr const char* kAnyName = "vsdev%d";

template <typename T>
T header_of(std::string_view message) {
    T header{};
    std::memcpy(&header, message.data(), std::min(sizeof header, message.size()));
    return header;
}

std::string text_of(std::string_view attribute) { return std::string(attribute.substr(0, attribute.find('\0'))); }

bool has_xdp(std::string_view attributes) {
    auto xdp = find_attribute(attributes, IFLA_XDP).value_or("");
    auto attached = find_attribute(xdp, IFLA_XDP_ATTACHED);
    return attached && !attached->empty() && attached->front() != XDP_ATTACHED_NONE;
}

std::optional<std::uint8_t> address_generation(std::string_view attributes) {
    auto ipv6 = find_attribute(find_attribute(attributes, IFLA_AF_SPEC).value_or(""), AF_INET6).value_or("");
    auto mode = find_attribute(ipv6, IFLA_INET6_ADDR_GEN_MODE);
    if (!mode || mode->empty()) return std::nullopt;
    return static_cast<std::uint8_t>(mode->front());
}

Link link_of(std::string_view message) {
    auto header = header_of<ifinfomsg>(message);
    auto attributes = attributes_behind<ifinfomsg>(message);
    auto kind = text_of(find_attribute(find_attribute(attributes, IFLA_LINKINFO).value_or(""), IFLA_INFO_KIND).value_or(""));
    bool shares = kind != "veth" && find_attribute(attributes, IFLA_LINK_NETNSID).has_value();
    return {text_of(find_attribute(attributes, IFLA_IFNAME).value_or("")), static_cast<std::uint32_t>(header.ifi_index), kind,
            find_number(attributes, IFLA_MASTER).value_or(0), (header.ifi_flags & IFF_UP) != 0, shares, has_xdp(attributes), address_generation(attributes)};
}

void begin_change(MessageRow& row, std::uint32_t index, unsigned change, std::string what) {
    ifinfomsg header{};
    header.ifi_family = AF_UNSPEC;
    header.ifi_index = static_cast<int>(index);
    header.ifi_change = change;
    row.begin(RTM_NEWLINK, 0, bytes_of(header), std::move(what));
}

}  // namespace

Result<std::vector<Link>> links(NetlinkSocket& socket) {
    ifinfomsg header{};
    MessageRow row;
    row.begin(RTM_GETLINK, NLM_F_DUMP, bytes_of(header), "list the network devices");
    row.number(IFLA_EXT_MASK, std::uint32_t{RTEXT_FILTER_SKIP_STATS});
    std::vector<Link> found;
    TRY(socket.dump(row, [&](std::string_view message) { found.push_back(link_of(message)); }));
    return found;
}

Result<std::vector<std::string>> early_hooks(NetlinkSocket& socket, const Link& link) {
    std::vector<std::string> found;
    if (link.has_xdp) found.emplace_back("an XDP program");
    if (TRY(has_device_programs(link.index))) found.emplace_back("a BPF program of traffic control");
    MessageRow row;
    row.begin(RTM_GETQDISC, NLM_F_DUMP, bytes_of(tcmsg{}), "list the queueing disciplines");
    TRY(socket.dump(row, [&](std::string_view message) {
        auto kind = text_of(find_attribute(attributes_behind<tcmsg>(message), TCA_KIND).value_or(""));
        bool is_early = kind == "ingress" || kind == "clsact";  // what hangs below others sees what this machine sends
        if (is_early && static_cast<std::uint32_t>(header_of<tcmsg>(message).tcm_ifindex) == link.index) found.push_back("filters of tc where packets come in");
    }));
    return found;
}

Result<std::vector<DefaultRoute>> default_routes(NetlinkSocket& socket) {
    rtmsg header{};
    MessageRow row;
    row.begin(RTM_GETROUTE, NLM_F_DUMP, bytes_of(header), "list the routes");
    std::vector<DefaultRoute> found;
    TRY(socket.dump(row, [&](std::string_view message) {
        auto fixed = header_of<rtmsg>(message);
        auto attributes = attributes_behind<rtmsg>(message);
        auto gateway = find_attribute(attributes, RTA_GATEWAY);
        bool is_default = fixed.rtm_dst_len == 0 && fixed.rtm_table == RT_TABLE_MAIN && fixed.rtm_type == RTN_UNICAST;
        if (!is_default || !gateway) return;
        std::array<char, INET6_ADDRSTRLEN> text{};
        ::inet_ntop(fixed.rtm_family, gateway->data(), text.data(), text.size());
        found.push_back({text.data(), find_number(attributes, RTA_OIF).value_or(0)});
    }));
    return found;
}

void move_device(MessageRow& row, const DeviceMove& move) {
    begin_change(row, move.index, 0, fmt::format("move device number {}", move.index));
    row.text(IFLA_IFNAME, kAnyName);
    row.number(IFLA_NET_NS_FD, static_cast<std::uint32_t>(move.target));
    if (move.new_index != 0) row.number(IFLA_NEW_IFINDEX, move.new_index);
}

void rename_device(MessageRow& row, std::uint32_t index, const std::string& name) {
    begin_change(row, index, 0, fmt::format("call device number {} '{}'", index, name));
    row.text(IFLA_IFNAME, name);
}

void set_down(MessageRow& row, std::uint32_t index) { begin_change(row, index, IFF_UP, fmt::format("device number {} down", index)); }

Result<NamespaceFd> make_network_namespace() {
    auto home = TRY(open_at(kHere, "/proc/self/ns/net", O_RDONLY));
    TRY(unshare(CLONE_NEWNET));
    auto made = open_at(kHere, "/proc/self/ns/net", O_RDONLY);
    TRY(join(home, CLONE_NEWNET));
    return NamespaceFd(TRY(std::move(made)).release());
}

}  // namespace vs::sys
