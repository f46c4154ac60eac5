#pragma once
// A BPF program on a network device: it gets every packet that comes in, before the kernel looks for the packet's socket (tc-bpf(8), a filter
// with direct action of the device's qdisc clsact).
//
// What was attached is told by pins in a directory: of two callers with different directories neither sees the other's.

#include <cstdint>
#include <string>

#include "sys/fd.hpp"

namespace vs::sys {

/// A filter's place among those of a device.
struct DeviceFilter {
    std::uint32_t handle = 0;
    std::uint32_t priority = 0;
};

/// Nothing to do where it is there. Code::unsupported where this kernel has no such filters.
Result<> attach_to_device(FdRef program, std::uint32_t device, DeviceFilter filter, const std::string& pins);
/// From all devices where it is by these pins. The qdisc goes too where we made it and nobody else has a filter in it.
Result<> detach_from_devices(DeviceFilter filter, const std::string& pins);

}  // namespace vs::sys
