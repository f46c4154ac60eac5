#pragma once
// Internet addresses as values: parsed strictly, printed canonically, compared.

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace vs::model {

enum class Family { ipv4, ipv6 };

/// One address. IPv4-mapped IPv6 text is refused, so that an address has one spelling only.
class IpAddress {
  public:
    static Result<IpAddress> parse(std::string_view text);
    [[nodiscard]] Family family() const { return family_; }
    /// Network byte order; 4 bytes for IPv4, 16 for IPv6.
    [[nodiscard]] std::string_view bytes() const;
    [[nodiscard]] std::string text() const;
    /// Not usable as a server's address: unspecified, loopback, multicast, broadcast, link-local.
    [[nodiscard]] bool is_special() const;
    /// The same with nothing behind its first `prefix` bits.
    [[nodiscard]] IpAddress network(std::uint8_t prefix) const;
    friend auto operator<=>(const IpAddress&, const IpAddress&) = default;

  private:
    Family family_ = Family::ipv4;
    std::array<char, 16> bytes_{};
};

/// An address of a device with the length of its network's prefix: "192.0.2.10/24".
struct NetworkAddress {
    IpAddress address;
    std::uint8_t prefix = 0;

    static Result<NetworkAddress> parse(std::string_view text);
    [[nodiscard]] std::string text() const;
    friend auto operator<=>(const NetworkAddress&, const NetworkAddress&) = default;
};

enum class Protocol { tcp, udp };

/// A port of the host (on one of its addresses, or on all) that leads to a port of the server:
/// "8080:80", "8080:80/udp", "192.0.2.1:8080:80/tcp", "[2001:db8::1]:8080:80".
struct PortRedirect {
    bool any_host_address = true;
    IpAddress host_address;  ///< meaningful unless any_host_address
    std::uint16_t host_port = 0;
    std::uint16_t server_port = 0;
    Protocol protocol = Protocol::tcp;

    static Result<PortRedirect> parse(std::string_view text);
    [[nodiscard]] std::string text() const;
    friend auto operator<=>(const PortRedirect&, const PortRedirect&) = default;
};

}  // namespace vs::model
