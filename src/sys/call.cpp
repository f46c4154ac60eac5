#include "sys/call.hpp"

#include <cerrno>
#include <cstring>

namespace vs::sys {

std::string errno_name(int value) {
    const char* name = ::strerrorname_np(value);
    return name != nullptr ? name : fmt::format("errno {}", value);
}

Error error_from(int errno_value, std::string call) {
    const char* description = ::strerrordesc_np(errno_value);
    auto text = fmt::format("{}: {} ({})", call, description != nullptr ? description : "unknown error", errno_name(errno_value));
    return Error{Code::failed, errno_value, std::move(text), {}};
}

Error last_error(std::string call) { return error_from(errno_now(), std::move(call)); }

int errno_now() { return errno; }

}  // namespace vs::sys
