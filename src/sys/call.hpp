#pragma once
// How a failed system call becomes an Error. Nothing outside src/sys reads errno, and inside it only these functions do.

#include "base/result.hpp"

namespace vs::sys {

/// The name of an errno value: "EBUSY".
std::string errno_name(int value);

/// An error for an errno value that somebody else read (a child's report, a netlink answer).
[[nodiscard]] Error error_from(int errno_value, std::string call);

/// The error of the call that has just failed: reads errno. `call` is the call with its arguments: "mkdir '/run/x'".
[[nodiscard]] Error last_error(std::string call);

/// `return failed("open '{}'", path);`
template <typename... Args>
[[nodiscard]] std::unexpected<Error> failed(fmt::format_string<Args...> format, Args&&... args);

/// The errno of the call that has just failed, for code between clone and exec that may not allocate.
[[nodiscard]] int errno_now();

// fmt may clobber errno, so it is read before anything is formatted.
template <typename... Args>
std::unexpected<Error> failed(fmt::format_string<Args...> format, Args&&... args) {
    int value = errno_now();
    return std::unexpected<Error>(error_from(value, fmt::format(format, std::forward<Args>(args)...)));
}

}  // namespace vs::sys
