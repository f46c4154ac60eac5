// The compiled BPF programs, as they came from clang.

#include "context/address_lock_object.hpp"

__asm__(".pushsection .rodata\n"
        ".balign 8\n"
        ".global vs_address_lock_object, vs_address_lock_object_end\n"
        "vs_address_lock_object:\n"
        ".incbin \"" VS_ADDRESS_LOCK_OBJECT "\"\n"
        "vs_address_lock_object_end:\n"
        ".popsection\n");

extern "C" const char vs_address_lock_object[];
extern "C" const char vs_address_lock_object_end[];

namespace vs::context {

std::string_view address_lock_object() {
    return {vs_address_lock_object, static_cast<std::size_t>(vs_address_lock_object_end - vs_address_lock_object)};
}

}  // namespace vs::context
