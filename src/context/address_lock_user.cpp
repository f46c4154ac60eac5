#include "context/address_lock_user.hpp"

#include <asm/unistd.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "context/filter.hpp"

namespace vs::context {

using model::Family;
using model::IpAddress;
using sys::Endpoint;

namespace {

constexpr std::uint32_t kMptcp = 262, kSctp = 132, kIcmp = 1, kIcmp6 = 58;
const std::string kMapped = std::string(10, '\0') + "\xff\xff";

consteval FilterProgram compile() {
    FilterAssembler a;
    const Label allow = a.make_label(), notify = a.make_label(), denied = a.make_label(), no_protocol = a.make_label();
    const Label socket = a.make_label(), send = a.make_label();
    a.load_number();
    for (int call : {__NR_bind, __NR_connect, __NR_listen, __NR_sendmsg, __NR_sendmmsg}) a.if_equal(static_cast<std::uint32_t>(call), notify);
    a.if_equal(__NR_sendto, send);
    a.if_equal(__NR_socket, socket, allow);
    a.place(send);  // without an address it is a send(2), of a socket that has been connected
    a.load_low_word(4);
    a.if_equal(0, Label::next, notify);
    a.load_high_word(4);
    a.if_equal(0, allow, notify);
    a.place(socket);
    a.load_low_word(0);
    a.if_equal(AF_UNIX, allow);
    a.if_equal(AF_NETLINK, allow);
    a.load_low_word(2);
    for (std::uint32_t protocol : {kIcmp, kIcmp6}) a.if_equal(protocol, denied);
    for (std::uint32_t protocol : {kMptcp, kSctp}) a.if_equal(protocol, no_protocol);
    a.place(allow), a.allow();
    a.place(notify), a.notify();
    a.place(denied), a.refuse(EACCES);
    a.place(no_protocol), a.refuse(EPROTONOSUPPORT);
    return a.finish();
}

constexpr FilterProgram kFilter = compile();

const LockedAddress* first_of(const AddressLock& lock, Family family) {
    for (const auto& own : lock.addresses)
        if (own.address.family() == family) return &own;
    return nullptr;
}

bool shares_network(const LockedAddress& own, std::string_view other) {
    const auto bytes = own.address.bytes();
    std::size_t whole = own.prefix / 8, bits = own.prefix % 8;
    if (bytes.size() != other.size() || bytes.substr(0, whole) != other.substr(0, whole)) return false;
    return bits == 0 || ((static_cast<unsigned char>(bytes[whole]) ^ static_cast<unsigned char>(other[whole])) >> (8 - bits)) == 0;
}

/// The address that shares a network with the destination, else the first; nullptr: none of the family.
const LockedAddress* source_for(const AddressLock& lock, Family family, std::string_view destination) {
    for (const auto& own : lock.addresses)
        if (own.address.family() == family && shares_network(own, destination)) return &own;
    return first_of(lock, family);
}

bool is_mapped(const Endpoint& endpoint) { return endpoint.kind == Endpoint::Kind::ipv6 && endpoint.address.starts_with(kMapped); }

/// As the socket's family wants it: IPv4 in the clothes of IPv6 on an IPv6 socket.
Endpoint endpoint_of(const IpAddress& address, const sys::SocketKind& socket, std::uint16_t port) {
    std::string bytes(address.bytes());
    if (socket.is_six && address.family() == Family::ipv4) bytes = kMapped + bytes;
    return {socket.is_six ? Endpoint::Kind::ipv6 : Endpoint::Kind::ipv4, std::move(bytes), port};
}

bool is_own(const AddressLock& lock, std::string_view bytes) {
    for (const auto& own : lock.addresses)
        if (own.address.bytes() == bytes) return true;
    for (const auto& broadcast : lock.broadcasts)
        if (broadcast.bytes() == bytes) return true;
    return false;
}

bool is_multicast(std::string_view bytes) {
    const auto first = static_cast<unsigned char>(bytes[0]);
    return bytes.size() == 4 ? (first & 0xf0) == 0xe0 : first == 0xff;
}

Ruling refuse(int error) { return {Ruling::Kind::refuse, error, {}}; }

/// What `any` becomes. A socket of both families gets the IPv4 address, or it would be deaf to IPv4.
const LockedAddress* primary(const AddressLock& lock, const sys::SocketKind& socket, const Endpoint& asked) {
    const auto* four = first_of(lock, Family::ipv4);
    if (!socket.is_six) return four;
    return four != nullptr && (is_mapped(asked) || !socket.only_six) ? four : is_mapped(asked) ? nullptr : first_of(lock, Family::ipv6);
}

}  // namespace

std::span<const sock_filter> notifying_filter() noexcept { return kFilter.span(); }

Ruling rule_bind(const AddressLock& lock, const sys::SocketKind& socket, const Endpoint& asked) {
    if (!socket.is_inet || asked.kind == Endpoint::Kind::other) return {};
    if (asked.kind == Endpoint::Kind::unspecified) return refuse(EAFNOSUPPORT);  // the kernel takes it for "any" in IPv4 (ip(7), BUGS)
    if (socket.is_six != (asked.kind == Endpoint::Kind::ipv6)) return {};        // its refusal is the kernel's
    const auto bytes = is_mapped(asked) ? std::string_view(asked.address).substr(kMapped.size()) : std::string_view(asked.address);
    const bool any = bytes.find_first_not_of('\0') == std::string_view::npos;
    if (!any) return is_own(lock, bytes) || is_multicast(bytes) ? Ruling{} : refuse(EADDRNOTAVAIL);
    const auto* own = primary(lock, socket, asked);
    return own != nullptr ? Ruling{Ruling::Kind::bind, 0, endpoint_of(own->address, socket, asked.port)} : refuse(EADDRNOTAVAIL);
}

Ruling rule_source(const AddressLock& lock, const sys::SocketKind& socket, const Endpoint& destination) {
    using enum Endpoint::Kind;
    if (!socket.is_inet || destination.kind == other) return {};
    const LockedAddress* own = nullptr;
    if (destination.kind == unspecified) own = primary(lock, socket, destination);
    else if (is_mapped(destination)) own = source_for(lock, Family::ipv4, std::string_view(destination.address).substr(kMapped.size()));
    else own = source_for(lock, destination.kind == ipv4 ? Family::ipv4 : Family::ipv6, destination.address);
    if (own == nullptr) return refuse(ENETUNREACH);
    return {Ruling::Kind::set_source, 0, endpoint_of(own->address, socket, 0)};
}

/// The address that a call names; `other` where it names none.
Result<Endpoint> HonestSupervisor::named(const sys::CallNotice& notice) const {
    const auto& argument = notice.arguments;
    auto at = [&](std::uint64_t address, std::uint64_t size) -> Result<Endpoint> {
        if (address == 0 || size == 0) return Endpoint{};
        return sys::read_endpoint(TRY(sys::read_memory(notice.thread, address, std::min<std::uint64_t>(size, 128))));
    };
    if (notice.number == __NR_listen) return Endpoint{Endpoint::Kind::unspecified, {}};
    if (notice.number == __NR_sendto) return at(argument[4], argument[5]);
    if (notice.number != __NR_sendmsg && notice.number != __NR_sendmmsg) return at(argument[1], argument[2] & 0xffffffffU);
    msghdr header{};  // of several messages the first: a socket has one source
    auto bytes = TRY(sys::read_memory(notice.thread, argument[1], sizeof header));
    if (bytes.size() != sizeof header) return Endpoint{};
    std::memcpy(&header, bytes.data(), sizeof header);
    return at(reinterpret_cast<std::uint64_t>(header.msg_name), header.msg_namelen);
}

Result<Ruling> HonestSupervisor::judge(const sys::CallNotice& notice, sys::SocketFd& socket) const {
    auto name = TRY(named(notice));
    if (name.kind == Endpoint::Kind::other) return Ruling{};
    socket = TRY(sys::take_socket(notice.thread, static_cast<int>(notice.arguments[0])));
    auto kind = TRY(sys::kind_of(socket));
    if (!kind.is_inet || kind.network != network_ || !notices_.is_waiting(notice)) return Ruling{};
    if (notice.number == __NR_bind) return rule_bind(lock_, kind, name);
    auto now = TRY(sys::name_of(socket));
    const bool disconnects = name.kind == Endpoint::Kind::unspecified && notice.number != __NR_listen;
    return !now.is_any() || disconnects ? Ruling{} : rule_source(lock_, kind, name);
}

Result<> HonestSupervisor::serve() const {
    auto notice = TRY(notices_.next());
    if (!notice) return {};
    sys::SocketFd socket;
    auto ruling = judge(*notice, socket);
    if (!ruling) {
        notices_.answer(*notice, ruling.error().errno_value != 0 ? ruling.error().errno_value : EPERM);
        return {};
    }
    Result<> done;
    if (ruling->kind == Ruling::Kind::bind) done = sys::bind_to(socket, ruling->to);
    if (ruling->kind == Ruling::Kind::set_source) done = sys::set_source(socket, ruling->to.address);
    if (!done) notices_.answer(*notice, done.error().errno_value);
    else if (ruling->kind == Ruling::Kind::go_on || ruling->kind == Ruling::Kind::set_source) notices_.let_go_on(*notice);
    else notices_.answer(*notice, ruling->error);
    return {};
}

}  // namespace vs::context
