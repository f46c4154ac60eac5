#include "sys/capability.hpp"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/call.hpp"

namespace vs::sys {

namespace {

// All five arguments: the kernel refuses some of these calls unless the unused ones are 0.
int control(int option, unsigned long first = 0, unsigned long second = 0) noexcept {
    int value = ::prctl(option, first, second, 0UL, 0UL);
    return value < 0 ? -errno_now() : value;
}

unsigned long argument(int capability) noexcept { return static_cast<unsigned long>(capability); }

// Version 3 carries each set as two words, low one first.
constexpr std::uint64_t join_words(std::uint32_t low, std::uint32_t high) noexcept {
    return std::uint64_t{high} << 32 | low;
}
constexpr __user_cap_data_struct word(const CapabilityBits& bits, int shift) noexcept {
    return {static_cast<std::uint32_t>(bits.effective >> shift), static_cast<std::uint32_t>(bits.permitted >> shift),
            static_cast<std::uint32_t>(bits.inheritable >> shift)};
}

}  // namespace

int last_capability_raw() noexcept {
    int capability = 0;
    while (capability < 63 && bounding_has_raw(capability + 1) >= 0) ++capability;
    return capability;
}

int get_capabilities_raw(CapabilityBits& bits) noexcept {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3]{};
    if (::syscall(SYS_capget, &header, data) < 0) return -errno_now();
    bits.effective = join_words(data[0].effective, data[1].effective);
    bits.permitted = join_words(data[0].permitted, data[1].permitted);
    bits.inheritable = join_words(data[0].inheritable, data[1].inheritable);
    return 0;
}

int set_capabilities_raw(const CapabilityBits& bits) noexcept {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    const __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3]{word(bits, 0), word(bits, 32)};
    return ::syscall(SYS_capset, &header, data) < 0 ? -errno_now() : 0;
}

int bounding_has_raw(int capability) noexcept { return control(PR_CAPBSET_READ, argument(capability)); }

int ambient_has_raw(int capability) noexcept {
    return control(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, argument(capability));
}

int drop_bounding_raw(int capability) noexcept { return control(PR_CAPBSET_DROP, argument(capability)); }

int clear_ambient_raw() noexcept { return control(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL); }

int get_securebits_raw() noexcept { return control(PR_GET_SECUREBITS); }

int set_securebits_raw(unsigned bits) noexcept { return control(PR_SET_SECUREBITS, bits); }

int set_no_new_privileges_raw() noexcept { return control(PR_SET_NO_NEW_PRIVS, 1); }

int get_no_new_privileges_raw() noexcept { return control(PR_GET_NO_NEW_PRIVS); }

}  // namespace vs::sys
