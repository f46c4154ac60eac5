#pragma once
// What a context can be shut off in, and the flags of a context. One table each; parser, help and manual page come from them.

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace vs::context {

using Areas = std::uint32_t;
inline constexpr Areas kFiles = 0x01, kProcesses = 0x02, kIpc = 0x04, kNames = 0x08, kUsers = 0x10, kCgroups = 0x20, kTime = 0x40;
inline constexpr Areas kDefaultAreas = kProcesses | kIpc;  // as in 2003

using Flags = std::uint32_t;
inline constexpr Flags kLock = 0x01, kPrivate = 0x02, kNproc = 0x04, kSched = 0x08, kFakeInit = 0x10, kUlimit = 0x20;

struct Word {
    std::uint32_t bit;
    std::string_view name;
    std::string_view help;
};
std::span<const Word> area_words();
std::span<const Word> flag_words();

/// The CLONE_NEW* bits that make these areas when a process is cloned. The time namespace is none of them: it is entered by
/// children only, after its offsets have been set.
std::uint64_t namespaces_of(Areas areas);

}  // namespace vs::context
