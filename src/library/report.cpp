#include "library/report.hpp"

#include <cerrno>

namespace vs::library {

namespace {

struct Last {
    std::string message;
    Status status = Status::ours;
};
thread_local Last last;

int errno_of(Code code) {
    switch (code) {
        case Code::failed: return EIO;
        case Code::usage: return EINVAL;
        case Code::not_running: return ESRCH;
        case Code::denied: return EPERM;
        case Code::no_such_server: return ENOENT;
        case Code::unsupported: return EOPNOTSUPP;
        case Code::busy: return EBUSY;
        case Code::timeout: return ETIMEDOUT;
    }
    return EIO;
}

}  // namespace

int report(const Error& error, Status status) {
    last = {error.message(), status};
    return -(error.errno_value != 0 ? error.errno_value : errno_of(error.code));
}

}  // namespace vs::library

const char* vserver_message() { return vs::library::last.message.c_str(); }

int vserver_exit_status() { return static_cast<int>(vs::library::last.status); }
