#include "sys/call.hpp"

#include <cerrno>
#include <cstring>

namespace vs::sys {

namespace {

Code code_of(int errno_value) {
    switch (errno_value) {
        case ENOSYS: return Code::unsupported;
        case EPERM:
        case EACCES: return Code::denied;
        default: return Code::failed;
    }
}

}  // namespace

std::string errno_name(int value) {
    const char* name = ::strerrorname_np(value);
    return name != nullptr ? name : fmt::format("errno {}", value);
}

Error error_from(int errno_value, std::string call) {
    const char* description = ::strerrordesc_np(errno_value);
    auto text = fmt::format("{}: {} ({})", call, description != nullptr ? description : "unknown error", errno_name(errno_value));
    return Error{code_of(errno_value), errno_value, std::move(text), {}};
}

Error last_error(std::string call) { return error_from(errno_now(), std::move(call)); }

int errno_now() { return errno; }

}  // namespace vs::sys
