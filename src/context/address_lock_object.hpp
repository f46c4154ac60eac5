#pragma once
// The BPF programs of the address lock (bpf/), inside our own.

#include <string_view>

namespace vs::context {

std::string_view address_lock_object();

}  // namespace vs::context
