#pragma once
// The capability ceiling: what a process and everything it ever starts can have at most, setuid programs included.
//
// Fails closed: what cannot be dropped is an error, and every set is read back and compared before success is reported.
// It can only be lowered: a capability that the process does not have any more is not given back.

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.hpp"
#include "model/capability_set.hpp"

namespace vs::context {

enum class NewPrivileges {
    allowed,  ///< setuid programs still change the uid, below the ceiling
    none,     ///< no_new_privs: exec gives nothing, ever
};

struct Ceiling {
    model::CapabilitySet capabilities;
    NewPrivileges new_privileges = NewPrivileges::none;
    std::optional<unsigned> securebits = std::nullopt;  ///< SECBIT_*; nullopt leaves them as they are
};

/// What apply_ceiling_raw was doing when it failed.
enum class CeilingStep : std::uint8_t {
    done,  ///< it did not fail
    clear_ambient,
    drop_bounding,
    set_securebits,
    cut_sets,
    set_no_new_privileges,
    read_back,  ///< a call said yes, yet the process still has what it should not: EPERM
};
std::string_view ceiling_step_text(CeilingStep step);

/// Fixed size, so that a child can send it through a pipe.
struct CeilingOutcome {
    CeilingStep step = CeilingStep::done;
    std::int8_t capability = -1;  ///< which one, for drop_bounding and read_back
    std::int32_t errno_value = 0;
    [[nodiscard]] constexpr bool ok() const { return step == CeilingStep::done; }
};

/// Applies the ceiling to the calling process. After a failure the process may hold any state between and must not exec.
/// Dropping needs CAP_SETPCAP in the user namespace, unless there is nothing left to drop.
///
/// Fork-safety: async-signal-safe, allocates nothing; made for the child between clone and exec.
[[nodiscard]] CeilingOutcome apply_ceiling_raw(const Ceiling& ceiling) noexcept;

/// The same for ordinary code, and the words for a child's outcome.
Result<> apply_ceiling(const Ceiling& ceiling);
[[nodiscard]] Error ceiling_error(const CeilingOutcome& outcome);

}  // namespace vs::context
