#include "sys/route.hpp"

#include <arpa/inet.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <sys/socket.h>
// <linux/if.h> clashes with <net/if.h> of glibc, so this comes last.
#include <linux/if.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace vs::sys {

namespace {

constexpr std::uint16_t kCreate = NLM_F_CREATE | NLM_F_EXCL;
constexpr std::uint16_t kReplace = NLM_F_CREATE | NLM_F_REPLACE;

unsigned char family_of(std::string_view address) { return address.size() == 4 ? AF_INET : AF_INET6; }
unsigned char bits_of(std::string_view address) { return static_cast<unsigned char>(address.size() * 8); }

ifinfomsg device(std::uint32_t index) {
    ifinfomsg header{};
    header.ifi_family = AF_UNSPEC;
    header.ifi_index = static_cast<int>(index);
    return header;
}

void describe_end(MessageRow& row, const CableEnd& end, std::uint32_t mtu) {
    row.text(IFLA_IFNAME, end.name);
    row.attribute(IFLA_ADDRESS, bytes_of(end.mac));
    row.number(IFLA_MTU, mtu);
    row.number(IFLA_NUM_TX_QUEUES, std::uint32_t{1});  // the default is one per possible CPU, each with its sysfs directory
    row.number(IFLA_NUM_RX_QUEUES, std::uint32_t{1});
}

rtmsg route_header(const Route& route) {
    rtmsg header{};
    header.rtm_family = family_of(route.destination);
    header.rtm_dst_len = route.prefix;
    header.rtm_table = RT_TABLE_MAIN;
    header.rtm_protocol = kRouteProtocol;
    header.rtm_type = RTN_UNICAST;
    bool direct_ipv4 = route.gateway.empty() && header.rtm_family == AF_INET;
    header.rtm_scope = direct_ipv4 ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
    // The gateway 169.254.1.1 has no route of its own; a link-local IPv6 gateway needs none.
    if (!route.gateway.empty() && header.rtm_family == AF_INET) header.rtm_flags = RTNH_F_ONLINK;
    return header;
}

void add_neighbour_message(MessageRow& row, std::uint16_t type, ndmsg header, std::string_view address) {
    header.ndm_family = family_of(address);
    bool proxy = (header.ndm_flags & NTF_PROXY) != 0;
    std::uint16_t flags = type == RTM_DELNEIGH ? 0 : proxy ? static_cast<std::uint16_t>(NLM_F_CREATE) : kReplace;
    row.begin(type, flags, bytes_of(header), fmt::format("{} {}", proxy ? "proxy entry" : "neighbour", address_text(address)));
    row.attribute(NDA_DST, address);
}

ndmsg neighbour_on(std::uint32_t index) {
    ndmsg header{};
    header.ndm_ifindex = static_cast<int>(index);
    return header;
}

template <typename T>
T header_of(std::string_view message) {
    T header{};
    std::memcpy(&header, message.data(), std::min(sizeof header, message.size()));
    return header;
}

bool is_one_of(const Error& error, std::initializer_list<int> values) {
    return std::find(values.begin(), values.end(), error.errno_value) != values.end();
}

Result<std::optional<Device>> ask_for_device(NetlinkSocket& socket, MessageRow& row) {
    row.number(IFLA_EXT_MASK, std::uint32_t{RTEXT_FILTER_SKIP_STATS});
    auto answer = socket.ask(row);
    if (!answer && is_one_of(answer.error(), {ENODEV})) return std::optional<Device>();
    auto message = TRY(std::move(answer));
    auto attributes = attributes_behind<ifinfomsg>(message);
    auto name = find_attribute(attributes, IFLA_IFNAME).value_or("");
    auto index = static_cast<std::uint32_t>(header_of<ifinfomsg>(message).ifi_index);
    Device device{std::string(name.substr(0, name.find('\0'))), index, find_number(attributes, IFLA_MTU).value_or(0), {}};
    auto mac = find_attribute(attributes, IFLA_ADDRESS).value_or("");
    if (mac.size() == device.mac.size()) std::copy(mac.begin(), mac.end(), device.mac.begin());
    return std::optional(std::move(device));
}

void begin_address(MessageRow& row, std::uint16_t type, std::uint16_t flags, const InterfaceAddress& address) {
    ifaddrmsg header{};
    header.ifa_family = family_of(address.address);
    header.ifa_prefixlen = address.prefix;
    header.ifa_index = address.index;
    row.begin(type, flags, bytes_of(header), fmt::format("address {}", address_text(address.address)));
    row.attribute(IFA_LOCAL, address.address);
    row.attribute(IFA_ADDRESS, address.address);
}

}  // namespace

std::string address_text(std::string_view address) {
    char text[INET6_ADDRSTRLEN] = "";
    ::inet_ntop(family_of(address), address.data(), text, sizeof text);
    return text;
}

void add_cable(MessageRow& row, const Cable& cable) {
    // The far end's index is only honoured where the near one's is given too (veth_newlink).
    row.begin(RTM_NEWLINK, kCreate, bytes_of(device(cable.near.index)), fmt::format("device {}", cable.near.name));
    describe_end(row, cable.near, cable.mtu);
    row.nested(IFLA_LINKINFO, [&] {
        row.text(IFLA_INFO_KIND, "veth");
        row.nested(IFLA_INFO_DATA, [&] {
            row.nested(VETH_INFO_PEER, [&] {
                row.raw(bytes_of(device(cable.far.index)));
                describe_end(row, cable.far, cable.mtu);
                row.number(IFLA_NET_NS_FD, static_cast<std::uint32_t>(cable.far_namespace));
            });
        });
    });
}

void set_up(MessageRow& row, std::uint32_t index, Arp arp) {
    auto header = device(index);
    header.ifi_flags = arp == Arp::on ? IFF_UP : IFF_UP | IFF_NOARP;
    header.ifi_change = IFF_UP | IFF_NOARP;
    row.begin(RTM_NEWLINK, 0, bytes_of(header), fmt::format("device number {} up", index));
}

void forbid_automatic_addresses(MessageRow& row, std::uint32_t index) { set_address_generation(row, index, IN6_ADDR_GEN_MODE_NONE); }

void set_address_generation(MessageRow& row, std::uint32_t index, std::uint8_t mode) {
    row.begin(RTM_NEWLINK, 0, bytes_of(device(index)), fmt::format("IPv6 mode of device number {}", index));
    row.nested(IFLA_AF_SPEC, [&] {
        row.nested(AF_INET6, [&] { row.number(IFLA_INET6_ADDR_GEN_MODE, mode); });
    });
}

void configure_ipv4(MessageRow& row, std::uint32_t index, const std::vector<Ipv4Setting>& settings) {
    row.begin(RTM_NEWLINK, 0, bytes_of(device(index)), fmt::format("IPv4 settings of device number {}", index));
    row.nested(IFLA_AF_SPEC, [&] {
        row.nested(AF_INET, [&] {
            row.nested(IFLA_INET_CONF, [&] {
                for (const auto& setting : settings) row.number(setting.id, setting.value);
            });
        });
    });
}

void add_address(MessageRow& row, const InterfaceAddress& address) {
    begin_address(row, RTM_NEWADDR, kCreate, address);
    row.number(IFA_FLAGS, std::uint32_t{IFA_F_NODAD | IFA_F_PERMANENT});
    if (address.origin != 0) row.number(IFA_PROTO, address.origin);
    if (address.preference == Preference::preferred) return;
    ifa_cacheinfo lifetime{};
    lifetime.ifa_valid = ~0U;
    row.attribute(IFA_CACHEINFO, bytes_of(lifetime));
}

void remove_address(MessageRow& row, const InterfaceAddress& address) { begin_address(row, RTM_DELADDR, 0, address); }

void add_route(MessageRow& row, const Route& route) {
    row.begin(RTM_NEWROUTE, kCreate, bytes_of(route_header(route)),
              fmt::format("route to {}/{}", address_text(route.destination), route.prefix));
    if (route.prefix != 0) row.attribute(RTA_DST, route.destination);
    row.number(RTA_OIF, route.index);
    if (!route.gateway.empty()) row.attribute(RTA_GATEWAY, route.gateway);
    if (!route.source.empty()) row.attribute(RTA_PREFSRC, route.source);
    if (route.mtu == 0) return;
    row.nested(RTA_METRICS, [&] {
        row.number(RTAX_MTU, route.mtu);
        row.number(RTAX_ADVMSS, route.advmss);
    });
}

void remove_route(MessageRow& row, const Route& route) {
    auto header = route_header(route);
    header.rtm_scope = RT_SCOPE_NOWHERE;
    row.begin(RTM_DELROUTE, 0, bytes_of(header), fmt::format("route to {}/{}", address_text(route.destination), route.prefix));
    if (route.prefix != 0) row.attribute(RTA_DST, route.destination);
    row.number(RTA_OIF, route.index);
}

void add_permanent_neighbour(MessageRow& row, const Neighbour& neighbour) {
    auto header = neighbour_on(neighbour.index);
    header.ndm_state = NUD_PERMANENT;
    add_neighbour_message(row, RTM_NEWNEIGH, header, neighbour.address);
    row.attribute(NDA_LLADDR, bytes_of(neighbour.mac));
}

void add_proxy(MessageRow& row, std::string_view address, std::uint32_t index) {
    auto header = neighbour_on(index);
    header.ndm_flags = NTF_PROXY;
    header.ndm_state = NUD_PERMANENT;
    add_neighbour_message(row, RTM_NEWNEIGH, header, address);
}

void remove_proxy(MessageRow& row, std::string_view address, std::uint32_t index) {
    auto header = neighbour_on(index);
    header.ndm_flags = NTF_PROXY;
    add_neighbour_message(row, RTM_DELNEIGH, header, address);
}

Result<std::optional<RouteAnswer>> route_to(NetlinkSocket& socket, std::string_view destination) {
    rtmsg header{};
    header.rtm_family = family_of(destination);
    header.rtm_dst_len = bits_of(destination);
    MessageRow row;
    row.begin(RTM_GETROUTE, 0, bytes_of(header), fmt::format("look up the route to {}", address_text(destination)));
    row.attribute(RTA_DST, destination);
    auto answer = socket.ask(row);
    // Nothing there, "unreachable", "prohibit" and "blackhole".
    if (!answer && is_one_of(answer.error(), {ENETUNREACH, EHOSTUNREACH, EACCES, EINVAL})) return std::optional<RouteAnswer>();
    auto message = TRY(std::move(answer));
    auto type = header_of<rtmsg>(message).rtm_type;
    RouteAnswer found;
    found.kind = type == RTN_LOCAL     ? RouteAnswer::Kind::local
                 : type == RTN_UNICAST ? RouteAnswer::Kind::unicast
                                       : RouteAnswer::Kind::other;
    found.index = find_number(attributes_behind<rtmsg>(message), RTA_OIF).value_or(0);
    return std::optional(found);
}

Result<std::optional<Device>> device_by_index(NetlinkSocket& socket, std::uint32_t index) {
    MessageRow row;
    row.begin(RTM_GETLINK, 0, bytes_of(device(index)), fmt::format("look up device number {}", index));
    return ask_for_device(socket, row);
}

Result<std::optional<Device>> device_by_name(NetlinkSocket& socket, std::string_view name) {
    if (name.empty() || name.size() >= IFNAMSIZ) return std::optional<Device>();
    MessageRow row;
    row.begin(RTM_GETLINK, 0, bytes_of(device(0)), fmt::format("look up device '{}'", name));
    row.text(IFLA_IFNAME, name);
    return ask_for_device(socket, row);
}

Result<std::vector<ProxyEntry>> proxy_entries(NetlinkSocket& socket) {
    ndmsg header{};
    header.ndm_flags = NTF_PROXY;
    MessageRow row;
    row.begin(RTM_GETNEIGH, NLM_F_DUMP, bytes_of(header), "list for whom this host answers");
    std::vector<ProxyEntry> found;
    TRY(socket.dump(row, [&](std::string_view message) {
        auto address = find_attribute(attributes_behind<ndmsg>(message), NDA_DST);
        if (address) found.push_back({address_text(*address), static_cast<std::uint32_t>(header_of<ndmsg>(message).ndm_ifindex)});
    }));
    return found;
}

Result<std::vector<OwnAddress>> own_addresses(NetlinkSocket& socket) {
    ifaddrmsg header{};
    MessageRow row;
    row.begin(RTM_GETADDR, NLM_F_DUMP, bytes_of(header), "list the addresses of this host");
    std::vector<OwnAddress> found;
    TRY(socket.dump(row, [&](std::string_view message) {
        auto fixed = header_of<ifaddrmsg>(message);
        auto attributes = attributes_behind<ifaddrmsg>(message);
        auto address = find_attribute(attributes, IFA_LOCAL);  // IFA_ADDRESS is the other side of a point-to-point link
        if (!address) address = find_attribute(attributes, IFA_ADDRESS);
        auto broadcast = find_attribute(attributes, IFA_BROADCAST);
        auto origin = find_attribute(attributes, IFA_PROTO);
        if (address)
            found.push_back({address_text(*address), broadcast ? address_text(*broadcast) : "", fixed.ifa_prefixlen, fixed.ifa_index,
                             origin && !origin->empty() ? static_cast<std::uint8_t>(origin->front()) : std::uint8_t{0},
                             (find_number(attributes, IFA_FLAGS).value_or(fixed.ifa_flags) & IFA_F_PERMANENT) != 0});
    }));
    return found;
}

}  // namespace vs::sys
