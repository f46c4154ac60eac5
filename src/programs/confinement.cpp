#include "programs/confinement.hpp"

#include "base/sanitized.hpp"
#include "context/ceiling.hpp"
#include "sys/call.hpp"
#include "sys/landlock_reading.hpp"
#include "sys/raw.hpp"
#include "sys/seccomp.hpp"

namespace vs::programs {

namespace {

constexpr std::uint64_t kMostMemory = std::uint64_t{4} << 30;

Result<> checked(int code, const char* what) {
    if (code < 0) return std::unexpected<Error>(sys::error_from(-code, what));
    return {};
}

}  // namespace

Result<> confine(const Confinement& confinement) {
    TRY(checked(sys::raw::set_limit(1 /* RLIMIT_FSIZE */, confinement.largest_file, confinement.largest_file), "limit what is written"));
    if (!base::kSanitized) TRY(checked(sys::raw::set_limit(9 /* RLIMIT_AS */, kMostMemory, kMostMemory), "limit memory"));
    TRY(context::apply_ceiling({.capabilities = confinement.capabilities}));
    TRY(sys::allow_only_reading(confinement.readable));
    if (base::kSanitized) return {};
    return checked(sys::load_filter_raw(confinement.filter.code.data(), confinement.filter.length), "load the system call filter");
}

}  // namespace vs::programs
