#include "model/address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <optional>

#include "base/text.hpp"

namespace vs::model {

namespace {

constexpr std::size_t kLongestShown = 64;  // an error quotes what was wrong, not a megabyte of it

int native(Family family) { return family == Family::ipv4 ? AF_INET : AF_INET6; }

bool is_mapped(std::string_view bytes) {
    return bytes.substr(0, 10).find_first_not_of('\0') == std::string_view::npos && bytes.substr(10, 2) == "\xff\xff";
}

bool is_special_ipv4(unsigned char first, unsigned char second, std::string_view bytes) {
    constexpr std::string_view kBroadcast = "\xff\xff\xff\xff";
    bool this_network = first == 0, loopback = first == 127, multicast = (first & 0xf0) == 0xe0;
    bool link_local = first == 169 && second == 254;
    return this_network || loopback || multicast || link_local || bytes == kBroadcast;
}

bool is_special_ipv6(unsigned char first, unsigned char second, std::string_view bytes) {
    // ::/96 holds "::", "::1" and the IPv4-compatible addresses, which nothing routes (RFC 4291 2.5.5.1).
    bool no_prefix = bytes.substr(0, 12).find_first_not_of('\0') == std::string_view::npos;
    bool multicast = first == 0xff, link_local = first == 0xfe && (second & 0xc0) == 0x80;
    return no_prefix || multicast || link_local;
}

Result<std::uint16_t> parse_port(std::string_view text) {
    auto number = base::parse_number(text);
    if (number && *number >= 1 && *number <= 65535) return static_cast<std::uint16_t>(*number);
    return fail(Code::usage, "'{}' is not a port: use 1 to 65535", text.substr(0, kLongestShown));
}

Result<Protocol> parse_protocol(std::string_view text) {
    if (text == "tcp") return Protocol::tcp;
    if (text == "udp") return Protocol::udp;
    return fail(Code::usage, "'{}' is not a protocol: use tcp or udp", text.substr(0, kLongestShown));
}

/// Takes "192.0.2.1:" or "[2001:db8::1]:" from the front of `text`, if an address is there.
Result<std::optional<IpAddress>> take_address(std::string_view& text) {
    bool bracketed = text.starts_with('[');
    if (!bracketed && std::ranges::count(text, ':') < 2) return std::nullopt;
    auto end = text.find(bracketed ? "]:" : ":");
    if (end == std::string_view::npos) return fail(Code::usage, "its address has no end: use [ADDRESS]:HOSTPORT:PORT");
    auto address = TRY(IpAddress::parse(bracketed ? text.substr(1, end - 1) : text.substr(0, end)));
    text.remove_prefix(end + (bracketed ? 2 : 1));
    return address;
}

Result<PortRedirect> parse_redirect(std::string_view text) {
    PortRedirect redirect;
    if (auto slash = text.find('/'); slash != std::string_view::npos) {
        redirect.protocol = TRY(parse_protocol(text.substr(slash + 1)));
        text = text.substr(0, slash);
    }
    auto address = TRY(take_address(text));
    redirect.any_host_address = !address;
    redirect.host_address = address.value_or(IpAddress{});
    auto colon = text.find(':');
    if (colon == std::string_view::npos) return fail(Code::usage, "use HOSTPORT:PORT");
    redirect.host_port = TRY(parse_port(text.substr(0, colon)));
    redirect.server_port = TRY(parse_port(text.substr(colon + 1)));
    return redirect;
}

}  // namespace

Result<IpAddress> IpAddress::parse(std::string_view text) {
    IpAddress address;
    address.family_ = text.find(':') == std::string_view::npos ? Family::ipv4 : Family::ipv6;
    std::string terminated(text);
    bool whole = text.size() < INET6_ADDRSTRLEN && text.find('\0') == std::string_view::npos;
    if (!whole || ::inet_pton(native(address.family_), terminated.c_str(), address.bytes_.data()) != 1)
        return fail(Code::usage, "'{}' is not an IPv4 or IPv6 address", text.substr(0, kLongestShown));
    if (address.family_ == Family::ipv6 && is_mapped(address.bytes()))
        return fail(Code::usage, "'{}' is an IPv4 address in IPv6 clothes: write it as IPv4", text);
    return address;
}

std::string_view IpAddress::bytes() const {
    return std::string_view(bytes_.data(), bytes_.size()).substr(0, family_ == Family::ipv4 ? 4 : 16);
}

std::string IpAddress::text() const {
    std::array<char, INET6_ADDRSTRLEN> buffer{};
    return ::inet_ntop(native(family_), bytes_.data(), buffer.data(), buffer.size());
}

bool IpAddress::is_special() const {
    auto first = static_cast<unsigned char>(bytes_[0]), second = static_cast<unsigned char>(bytes_[1]);
    return family_ == Family::ipv4 ? is_special_ipv4(first, second, bytes()) : is_special_ipv6(first, second, bytes());
}

IpAddress IpAddress::network(std::uint8_t prefix) const {
    IpAddress kept = *this;
    for (std::size_t i = 0; i < kept.bytes_.size(); ++i) {
        const std::size_t bits = std::min<std::size_t>(8, prefix > 8 * i ? prefix - 8 * i : 0);
        kept.bytes_[i] = static_cast<char>(static_cast<unsigned char>(bytes_[i]) & static_cast<unsigned char>(0xff00U >> bits));
    }
    return kept;
}

Result<NetworkAddress> NetworkAddress::parse(std::string_view text) {
    auto slash = text.find('/');
    if (slash == std::string_view::npos) return fail(Code::usage, "'{}' has no prefix length: say ADDRESS/24", text.substr(0, kLongestShown));
    auto address = TRY(IpAddress::parse(text.substr(0, slash)));
    auto prefix = base::parse_number(text.substr(slash + 1));
    auto most = address.bytes().size() * 8;
    if (!prefix || *prefix < 1 || *prefix > most) return fail(Code::usage, "'{}' has no prefix length from 1 to {}", text.substr(0, kLongestShown), most);
    return NetworkAddress{address, static_cast<std::uint8_t>(*prefix)};
}

std::string NetworkAddress::text() const { return fmt::format("{}/{}", address.text(), prefix); }

Result<PortRedirect> PortRedirect::parse(std::string_view text) {
    return TRY_WITH(parse_redirect(text), "port redirection '{}'", text.substr(0, kLongestShown));
}

std::string PortRedirect::text() const {
    std::string address;
    if (!any_host_address)
        address = host_address.family() == Family::ipv6 ? fmt::format("[{}]:", host_address.text()) : host_address.text() + ":";
    return fmt::format("{}{}:{}{}", address, host_port, server_port, protocol == Protocol::udp ? "/udp" : "");
}

}  // namespace vs::model
