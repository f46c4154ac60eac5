#pragma once
// Running one command locked to addresses: chbind(8). Root's is born in a control group of its own that has the lock, and gives up what
// could take it off: root too is held, as long as it has no other way to act on the host than its own. Whoever has not the rights for
// that, an ordinary user or root inside a lock, asks the lock service (lock_service.hpp), which moves the command there.

#include <optional>
#include <string>
#include <vector>

#include "context/address_lock.hpp"
#include "sys/process.hpp"

namespace vs::context {

enum class Descriptors {
    standard,  ///< 0, 1 and 2 only: a socket that was made outside is not locked
    all,       ///< whatever the caller has open: each socket among them is a grant
};

struct LockWish {
    LockRequest request;
    LoopbackKind loopback = LoopbackKind::host;
};

/// Who would lock this process now.
enum class Locker {
    self,     ///< it is root
    service,  ///< the lock service listens
    nobody,   ///< what is left is address_lock_user.hpp
};
Locker who_locks();

struct LockedCommand {
    LockWish lock;
    Descriptors descriptors = Descriptors::standard;
    std::vector<std::string> argv;  ///< the program is searched as execvp(3) does
};

/// How a command ended, or why it could not be executed.
struct LockedEnd {
    sys::ExitStatus status;
    std::optional<Error> exec_failure;
};

/// Runs it and waits for it; what it leaves running stays locked. Signals that we are sent go to it. Code::denied where the service
/// refuses, Code::unsupported where the kernel lacks something or the service is not there.
Result<LockedEnd> run_locked(const LockedCommand& command);

/// Locks the caller itself and all it will start. Sockets that it has stay as they are. Moving a process into a group takes the
/// kernel some 15 ms. After a failure the caller may be half confined, and must not go on.
Result<> lock_caller(const LockWish& wish);

}  // namespace vs::context
