#pragma once
// What an archive may ask for, decided from its text alone: a pure function of names and numbers, so that it can be tested
// and fuzzed without a file system. What holds whatever these say: vserver-unpack is nobody on the host and resolves every
// path beneath its root without following a link.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace vs::storage {

inline constexpr std::size_t kLongestPath = 4000;  // PATH_MAX with room for what the kernel counts
inline constexpr std::size_t kLongestName = 255;
inline constexpr std::size_t kLongestTarget = 4095;

/// An entry's name as a path below the root: without leading "./", doubled and trailing slashes; empty for the root itself.
/// Refused: absolute names, "..", empty and over-long names.
Result<std::string> entry_path(std::string_view name);

/// A symbolic link may point anywhere: the server's root is all it will ever be resolved in. Refused: empty, over-long.
Result<> check_link_target(std::string_view target);

/// Owners are those of a server: 0..65535.
Result<std::uint32_t> entry_owner(std::int64_t id);

/// What is kept of an extended attribute; nullopt: dropped. `user.*` as it is. `security.capability` in its plain form
/// (version 2): a version 3 one names the root of some other machine's user namespace and is kept only where that is 0.
/// Everything else says something to the kernel of the host (trusted.overlay.*, security.selinux, system.posix_acl_*).
std::optional<std::string> kept_xattr(std::string_view name, std::string_view value);

/// Counts what has been asked for against what may be.
struct UnpackLimits {
    std::uint64_t bytes = std::uint64_t{64} << 30;  ///< apparent size of all files together
    std::uint64_t entries = 5'000'000;
};
class UnpackBudget {
  public:
    explicit UnpackBudget(const UnpackLimits& limits) : limits_(limits) {}
    Result<> take_entry();
    /// Refused before a byte is written: a sparse bomb costs nothing.
    Result<> take_bytes(std::int64_t size);
    [[nodiscard]] std::uint64_t entries() const { return entries_; }
    [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

  private:
    UnpackLimits limits_;
    std::uint64_t entries_ = 0;
    std::uint64_t bytes_ = 0;
};

}  // namespace vs::storage
