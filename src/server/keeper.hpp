#pragma once
// The keeper: one tiny process per server that waits for the end of its init, restarts its recorder, and then executes
// `vserver` to clean up or to start the server again. It reads nothing that a guest writes, and the server does not need it:
// a killed keeper is replaced by the next command (adoption).

#include <optional>
#include <string>

#include "model/settings.hpp"
#include "server/log_sockets.hpp"
#include "server/run_state.hpp"
#include "server/view_likeness.hpp"
#include "sys/fd.hpp"

namespace vs::server {

/// What a network view can be made of again when it has been killed (network_view.hpp): as long as somebody has the listener, calls wait. The
/// keeper holds them and does nothing with them. Closed where the server has no view, or its keeper has adopted it.
struct ViewHandles {
    sys::Fd listener;                ///< of the filter of the init and of all that come from it
    Likeness network;
};

/// What a keeper holds. The numbers it finds them under are in keeper_protocol.hpp.
struct KeeperHandles {
    sys::Fd console;        ///< master of the server's console; the recorder has it too
    sys::Fd console_slave;  ///< kept open, so that the master never hangs up
    sys::DirFd log_dir;
    LogSockets sockets;     ///< the recorder has them too
    sys::Fd recorder_lock, keeper_lock;
    sys::PidFd init;
    sys::MountFd root;      ///< the last reference to the overlay, whose unmount may wait for the disk
    sys::DirFd run_dir;
    sys::PidFd recorder;    ///< of a recorder that runs already; closed otherwise
    sys::SocketFd report;   ///< of the start that waits for it; closed otherwise
    ViewHandles view;
    std::vector<sys::NamespaceFd> left_behind;  ///< at most two, of a start (root.hpp)
};
enum class KeeperOrigin {
    parent,   ///< the init is our child: its wait status tells reboot from halt
    adopted,  ///< it is not: pidfs tells it from Linux 6.15 on
};
struct KeeperArguments {
    std::string name;
    std::uint32_t generation = 0;
    KeeperOrigin origin = KeeperOrigin::parent;
    model::LogSettings log;
};

/// Where the recorder of a server writes; made where it is missing, with a log that the machine's key vouches for, and the
/// recorder's own.
Result<sys::DirFd> open_log_dir(const model::ServerName& name);

/// This process becomes a recorder of a server that does not run.
Error exec_recorder(const KeeperHandles& handles, const std::string& name);
/// This process becomes the keeper. Returns only on failure.
Error exec_keeper(KeeperHandles handles, const KeeperArguments& arguments);

/// What the keeper of a running server has of its view. Nothing where it is not the init's parent any more.
Result<std::optional<ViewHandles>> view_of_keeper(const RunState& state);

/// Gives a running server that has lost its keeper a new one. Nothing to do where it has one.
Result<> adopt_if_orphaned(const model::ServerName& name, const RunDir& run, const RunState& state);

}  // namespace vs::server
