#include "context/lock_filter.hpp"

#include <asm/unistd.h>
#include <sys/socket.h>

#include <cerrno>

#include "context/filter.hpp"

namespace vs::context {

namespace {

constexpr std::uint32_t kX32 = 0x40000000;  // numbers of the x32 way in, which shares the native architecture's name

consteval FilterProgram compile() {
    FilterAssembler a;
    const Label allow = a.make_label(), absent = a.make_label(), denied = a.make_label(), no_family = a.make_label();
    const Label socket = a.make_label();
    a.load_architecture();
    a.if_equal(kNativeArchitecture, Label::next, absent);
    a.load_number();
    a.if_at_least(kX32, absent);
    a.if_equal(__NR_socket, socket);
    a.if_equal(__NR_socketpair, socket);
    a.if_equal(__NR_bpf, denied);
    for (int call : {__NR_io_uring_setup, __NR_io_uring_enter, __NR_io_uring_register}) a.if_equal(static_cast<std::uint32_t>(call), absent);
    a.go(allow);
    a.place(socket);
    a.load_low_word(0);
    for (int family : {AF_UNIX, AF_INET, AF_INET6}) a.if_equal(static_cast<std::uint32_t>(family), allow);
    a.if_equal(AF_NETLINK, allow, no_family);
    a.place(allow), a.allow();
    a.place(absent), a.refuse(ENOSYS);
    a.place(denied), a.refuse(EPERM);
    a.place(no_family), a.refuse(EAFNOSUPPORT);
    return a.finish();
}

constexpr FilterProgram kFilter = compile();

}  // namespace

std::span<const sock_filter> lock_filter() noexcept { return kFilter.span(); }

}  // namespace vs::context
