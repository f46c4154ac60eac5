#pragma once
// Names of servers, as values that cannot be wrong: no path, no option and no other text can be smuggled in as a name.

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace vs::model {

/// [A-Za-z0-9][A-Za-z0-9_-]{0,62}. Unique ignoring case among the servers of a machine (the registry checks that).
class ServerName {
  public:
    static Result<ServerName> parse(std::string_view text);
    [[nodiscard]] const std::string& text() const { return text_; }
    /// Lower case, for comparisons.
    [[nodiscard]] std::string folded() const;
    /// The host name of a server whose settings say none: the name as RFC 1123 lets a host be called.
    [[nodiscard]] std::string host_name() const;
    friend auto operator<=>(const ServerName&, const ServerName&) = default;

  private:
    explicit ServerName(std::string text) : text_(std::move(text)) {}
    std::string text_;
};

/// The number of a server: never reused while the server exists. Everything numeric about it follows from it.
struct ServerNumber {
    std::uint32_t value = 0;
    /// The context number that people see.
    [[nodiscard]] std::uint32_t context() const { return 100 + value; }
    /// First of its 65,536 host ids.
    [[nodiscard]] constexpr std::uint32_t first_id() const { return 0x70000000U + 65536U * value; }
    /// 0x70000000 + 65536 * n must stay below 2^31: old file systems and tools keep ids in 32 signed bits.
    static constexpr std::uint32_t kMost = 4095;
    friend auto operator<=>(const ServerNumber&, const ServerNumber&) = default;
};

}  // namespace vs::model
