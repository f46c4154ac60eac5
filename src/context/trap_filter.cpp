#include "context/trap_filter.hpp"

#include <asm/unistd.h>
#include <linux/sched.h>
#include <sys/ioctl.h>

#include <array>
#include <cerrno>

#include "context/filter.hpp"

namespace vs::context {

namespace {

/// The calls that matter, by the numbers of one way to enter the kernel.
struct Entry {
    std::uint32_t architecture;
    std::uint32_t ioctl, setns, unshare, clone, clone3;
};
constexpr Entry kNative{kNativeArchitecture, __NR_ioctl, __NR_setns, __NR_unshare, __NR_clone, __NR_clone3};
#if defined(__x86_64__)
constexpr Entry kCompat{AUDIT_ARCH_I386, 54, 346, 310, 120, 435};
#else
constexpr Entry kCompat{AUDIT_ARCH_ARM, 54, 375, 337, 120, 435};
#endif

constexpr std::uint32_t kX32 = 0x40000000;  // numbers of the x32 way in, which shares the native architecture's name
constexpr std::uint32_t kNewNamespaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |
                                         CLONE_NEWNET;
constexpr std::uint32_t kNewTime = CLONE_NEWTIME;  // for unshare only: in clone's flags this bit is part of the exit signal

struct Labels {
    Label allow, refused, absent;
    constexpr explicit Labels(FilterAssembler& a) : allow(a.make_label()), refused(a.make_label()), absent(a.make_label()) {}
};

constexpr void add_ioctl_rule(FilterAssembler& a, const Labels& to) {
    a.load_low_word(1);
    a.if_equal(TIOCSTI, to.refused);
    a.if_equal(TIOCLINUX, to.refused, to.allow);
}

// The kernel compares a type that is given with that of the descriptor; 0 would be any.
constexpr void add_join_rule(FilterAssembler& a, const Labels& to, Trap trap) {
    if (trap == Trap::locked) return a.go(to.refused);
    a.load_low_word(1);
    a.if_equal(CLONE_NEWNET, to.allow, to.refused);
}

constexpr void add_new_rule(FilterAssembler& a, const Labels& to, std::uint32_t bits) {
    a.load_low_word(0);
    a.if_any_bit(bits, to.refused, to.allow);
}

/// What happens to the calls of one way in. Precondition: its number is loaded.
constexpr void add_entry(FilterAssembler& a, const Labels& to, const Entry& entry, Trap trap) {
    const Label ioctl = a.make_label(), join = a.make_label(), unshare = a.make_label(), clone = a.make_label();
    a.if_equal(entry.ioctl, ioctl);
    if (trap == Trap::locked) {
        a.if_equal(entry.unshare, unshare);
        a.if_equal(entry.clone, clone);
        a.if_equal(entry.clone3, to.absent);  // its flags are behind a pointer; libc falls back to clone
    }
    a.if_equal(entry.setns, join, to.allow);
    a.place(ioctl);
    add_ioctl_rule(a, to);
    if (trap == Trap::locked) {
        a.place(unshare);
        add_new_rule(a, to, kNewNamespaces | kNewTime);
        a.place(clone);
        add_new_rule(a, to, kNewNamespaces);
    }
    a.place(join);
    add_join_rule(a, to, trap);
}

consteval FilterProgram compile(Trap trap) {
    FilterAssembler a;
    const Labels to(a);
    const Label compat = a.make_label();
    a.load_architecture();
    a.if_equal(kCompat.architecture, compat);
    a.if_equal(kNative.architecture, Label::next, to.absent);
    a.load_number();
    a.if_at_least(kX32, to.absent);
    add_entry(a, to, kNative, trap);
    a.place(compat);
    a.load_number();
    add_entry(a, to, kCompat, trap);
    a.place(to.allow), a.allow();
    a.place(to.refused), a.refuse(EPERM);
    a.place(to.absent), a.refuse(ENOSYS);
    return a.finish();
}

constexpr FilterProgram kPlain = compile(Trap::plain);
constexpr FilterProgram kLocked = compile(Trap::locked);

}  // namespace

std::span<const sock_filter> trap_filter(Trap trap) noexcept { return (trap == Trap::locked ? kLocked : kPlain).span(); }

}  // namespace vs::context
