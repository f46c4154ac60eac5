// The compiled BPF programs, as they came from clang.

#include "context/shield_object.hpp"

__asm__(".pushsection .rodata\n"
        ".balign 8\n"
        ".global vs_shield_object, vs_shield_object_end\n"
        "vs_shield_object:\n"
        ".incbin \"" VS_SHIELD_OBJECT "\"\n"
        "vs_shield_object_end:\n"
        ".popsection\n");

extern "C" const char vs_shield_object[];
extern "C" const char vs_shield_object_end[];

namespace vs::context {

std::string_view shield_object() { return {vs_shield_object, static_cast<std::size_t>(vs_shield_object_end - vs_shield_object)}; }

}  // namespace vs::context
