#pragma once
// A program that helps to build an image, kept apart from the host: own mount, PID, IPC and host name spaces, by default no
// network, and no identity on the host where it can do without. It dies with us, and everything it started with it.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "sys/fd.hpp"
#include "sys/process.hpp"
#include "sys/user_namespace.hpp"

namespace vs::storage {

/// Ids of the host that mapped helpers have: below the servers' ranges, owning nothing.
inline constexpr sys::IdMapLine kScratchIds{.inside = 0, .outside = 0x6ff00000U, .count = 65536};

/// A detached mount of `dir` on which a mapped helper creates files that on disk belong to 0..65535.
Result<sys::MountFd> mount_for_scratch_ids(const sys::DirFd& dir);

struct SandboxRequest {
    std::vector<std::string> argv;  ///< argv[0] is an absolute path, in the new root where there is one
    std::vector<std::string> environment;
    std::vector<sys::FdRef> descriptors;  ///< the program's 3, 4, ...
    std::string root;  ///< a directory that becomes "/", with /proc, a small /dev, /run and /tmp of its own; empty: the host's
    enum class Identity {
        mapped,  ///< root of a user namespace with the scratch ids: powerless outside; `root` is shown to it with shifted ids
        host,    ///< root of the host
    } identity = Identity::mapped;
    enum class Network { none, host } network = Network::none;
    std::function<void(std::string_view line)> on_line;  ///< each line of its output
    const sys::Fd* cancel = nullptr;                     ///< readable: the program is killed, Code::failed "interrupted"
};

struct SandboxResult {
    sys::ExitStatus status;
    std::string last_line;  ///< of its output
    /// Why it failed: what it said last, or how it ended.
    [[nodiscard]] std::string reason() const;
};
Result<SandboxResult> run_in_sandbox(const SandboxRequest& request);

}  // namespace vs::storage
