#pragma once
// What is left of root's rights to who has a stranger's files and words looked into: it makes the mounts and user namespaces of those that do.

#include "base/result.hpp"

namespace vs::guard {

enum class Looking {
    scan,       ///< at files; where what is found is recorded and the server is stopped, a recorder is started
    crossview,  ///< that, what processes execute, and entering the server
    watch,      ///< what processes execute; the command for alerts may be one that sends mail by a setgid program
};
/// For this process and everything it starts.
Result<> keep_rights_for(Looking what);

}  // namespace vs::guard
