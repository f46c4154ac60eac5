#pragma once
// The table of services that vserver-init (PID 1 of a server without an init of its own) reads on descriptor 3.
//
//     table    "vsi1"  u32 grace in milliseconds  u32 number of services  service...
//     service  field name  field user  u8 restart (0 or 1)  field arguments
//     field    u32 length  that many bytes, the last of which is NUL
//
// Integers are little-endian. A field holds one word, arguments one or more, each with its NUL, so that argv can point
// into the table. The table ends where the bytes end. Reading allocates nothing and throws nothing: PID 1 does it.

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace vs::model {

inline constexpr std::string_view kServiceTableMagic = "vsi1";
inline constexpr std::size_t kMostTableBytes = 65536;  ///< what a pipe takes: the writer need not wait for the reader
inline constexpr std::size_t kMostServices = 64;
inline constexpr std::size_t kMostArguments = 64;
inline constexpr std::size_t kLongestServiceWord = 63;  ///< of a service's name and user

/// One service, as views into the table's bytes. A NUL follows each word.
struct ServiceEntry {
    std::string_view name;       ///< printable ASCII
    std::string_view user;
    bool restart = false;
    std::string_view arguments;  ///< each with its NUL
};

struct ServiceTable {
    std::chrono::milliseconds stop_grace{0};  ///< between SIGTERM and the end
    std::array<ServiceEntry, kMostServices> slots{};
    std::size_t count = 0;
    [[nodiscard]] std::span<const ServiceEntry> services() const { return std::span(slots).first(count); }
};

/// nullopt where a single byte is not as above.
std::optional<ServiceTable> read_service_table(std::string_view bytes);

/// Pointers into the table's bytes, with a null pointer behind the last: for execve(2).
using Argv = std::array<const char*, kMostArguments + 1>;
Argv argv_of(const ServiceEntry& service);

}  // namespace vs::model
