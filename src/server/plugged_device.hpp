#pragma once
// A network device for a unit test, in the network namespace that it runs in. At the other end of its wire is nobody.

#include <gtest/gtest.h>

#include <string>

#include "model/address.hpp"
#include "sys/link.hpp"
#include "sys/route.hpp"

namespace vs::server {

class PluggedDevice {
  public:
    PluggedDevice(const std::string& name, std::uint32_t index) : index_(index) {
        sys::MessageRow row;
        sys::add_cable(row, {.near = {name, index, {0x02, 0, 0, 0, 0, 1}}, .far = {"far", 2, {0x02, 0, 0, 0, 0, 2}}, .mtu = 1500, .far_namespace = wire_.get()});
        sys::set_up(row, index, sys::Arp::on);
        send(row);
    }

    void add(const std::string& address, std::uint8_t origin = 0) const {
        auto parsed = model::NetworkAddress::parse(address).value();
        sys::MessageRow row;
        sys::add_address(row, {.address = parsed.address.bytes(), .prefix = parsed.prefix, .index = index_, .origin = origin});
        send(row);
    }
    /// "0.0.0.0/0" is where everything goes; without a gateway it is on the wire itself.
    void route(const std::string& destination, const std::string& gateway = "") const {
        auto slash = destination.find('/');
        auto to = model::IpAddress::parse(destination.substr(0, slash)).value();
        auto by = gateway.empty() ? std::string() : std::string(model::IpAddress::parse(gateway).value().bytes());
        sys::MessageRow row;
        sys::add_route(row, {.destination = to.bytes(), .prefix = static_cast<std::uint8_t>(std::stoi(destination.substr(slash + 1))),
                             .index = index_, .gateway = by, .source = {}});
        send(row);
    }

  private:
    static void send(sys::MessageRow& row) {
        auto socket = sys::NetlinkSocket::open(0).value();  // NETLINK_ROUTE
        auto sent = socket.run(row);
        EXPECT_TRUE(sent) << sent.error().message();
    }

    std::uint32_t index_;
    sys::NamespaceFd wire_ = sys::make_network_namespace().value();
};

}  // namespace vs::server
