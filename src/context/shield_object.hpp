#pragma once
// The BPF programs of the shield (bpf/), inside our own.

#include <string_view>

namespace vs::context {

std::string_view shield_object();

}  // namespace vs::context
