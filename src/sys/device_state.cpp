#include "sys/device_state.hpp"

#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "sys/link.hpp"
#include "sys/route.hpp"

namespace vs::sys {

namespace {

template <typename T>
T header_of(std::string_view message) {
    T header{};
    std::memcpy(&header, message.data(), std::min(sizeof header, message.size()));
    return header;
}

bool comes_by_itself(const rtmsg& route, std::uint32_t table) {
    bool made = route.rtm_protocol == RTPROT_KERNEL || route.rtm_protocol == RTPROT_RA || route.rtm_protocol == RTPROT_REDIRECT;
    return made || table == RT_TABLE_LOCAL || (route.rtm_flags & RTM_F_CLONED) != 0;
}

Result<> list_addresses(NetlinkSocket& socket, std::uint32_t index, std::vector<std::string>& found) {
    MessageRow row;
    row.begin(RTM_GETADDR, NLM_F_DUMP, bytes_of(ifaddrmsg{}), "list the addresses of a device");
    return socket.dump(row, [&](std::string_view message) {
        if (header_of<ifaddrmsg>(message).ifa_index == index) found.emplace_back(message);
    });
}

Result<> list_routes(NetlinkSocket& socket, std::uint32_t index, std::vector<std::string>& found) {
    MessageRow row;
    row.begin(RTM_GETROUTE, NLM_F_DUMP, bytes_of(rtmsg{}), "list the routes of a device");
    return socket.dump(row, [&](std::string_view message) {
        auto fixed = header_of<rtmsg>(message);
        auto attributes = attributes_behind<rtmsg>(message);
        auto table = find_number(attributes, RTA_TABLE).value_or(fixed.rtm_table);
        if (find_number(attributes, RTA_OIF) == index && !comes_by_itself(fixed, table)) found.emplace_back(message);
    });
}

void add_address_again(MessageRow& row, std::string_view message, std::uint32_t index) {
    auto header = header_of<ifaddrmsg>(message);
    header.ifa_index = index;
    auto attributes = attributes_behind<ifaddrmsg>(message);
    row.begin(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, bytes_of(header), fmt::format("address {}", address_text(find_attribute(attributes, IFA_ADDRESS).value_or(""))));
    while (auto attribute = take_attribute(attributes)) row.attribute(attribute->type, attribute->payload);
}

/// Of its flags those that somebody has set: the others say how the kernel found it.
void add_route_again(MessageRow& row, std::string_view message, std::uint32_t index) {
    auto header = header_of<rtmsg>(message);
    header.rtm_flags &= RTNH_F_ONLINK | RTNH_F_PERVASIVE;
    auto attributes = attributes_behind<rtmsg>(message);
    auto destination = find_attribute(attributes, RTA_DST);
    row.begin(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, bytes_of(header),
              fmt::format("route to {}/{}", destination ? address_text(*destination) : "default", header.rtm_dst_len));
    while (auto attribute = take_attribute(attributes)) {
        if (attribute->type == RTA_CACHEINFO) continue;
        if (attribute->type == RTA_OIF) row.number(RTA_OIF, index);
        else row.attribute(attribute->type, attribute->payload);
    }
}

Result<> send(NetlinkSocket& socket, MessageRow& row, std::vector<std::string>& refused) {
    if (row.count() == 0) return {};
    for (const auto& refusal : TRY(socket.send(row)))
        if (refusal.error.errno_value != EEXIST) refused.push_back(refusal.error.message());
    return {};
}

bool has_gateway(const std::string& route) {
    auto attributes = attributes_behind<rtmsg>(route);
    return find_attribute(attributes, RTA_GATEWAY) || find_attribute(attributes, RTA_VIA);
}

}  // namespace

Result<DeviceState> device_state(NetlinkSocket& socket, std::uint32_t index) {
    DeviceState state;
    for (const auto& link : TRY(links(socket)))
        if (link.index == index) {
            state.up = link.up;
            state.address_generation = link.address_generation;
        }
    TRY(list_addresses(socket, index, state.addresses));
    TRY(list_routes(socket, index, state.routes));
    return state;
}

Result<std::vector<std::string>> restore_device(NetlinkSocket& socket, std::uint32_t index, const DeviceState& state) {
    std::vector<std::string> refused;
    MessageRow row;
    if (state.address_generation) set_address_generation(row, index, *state.address_generation);  // before it is up, and makes one
    for (const auto& address : state.addresses) add_address_again(row, address, index);
    if (state.up) set_up(row, index, Arp::on);
    TRY(send(socket, row, refused));
    // The kernel takes a gateway that it can reach.
    auto routes = state.routes;
    std::ranges::stable_partition(routes, [](const auto& route) { return !has_gateway(route); });
    MessageRow ways;
    for (const auto& route : routes) add_route_again(ways, route, index);
    TRY(send(socket, ways, refused));
    return refused;
}

}  // namespace vs::sys
