#pragma once
// Where everything lives on the host. What exists is in files, what runs is in the kernel and below /run/vservers.

#include <string>

namespace vs::model::paths {

inline const std::string kSettings = "/etc/vservers";  ///< NAME.toml, root-owned
inline const std::string kGrants = kSettings + "/grants.toml";  ///< who may lock commands to which addresses (grants.hpp)
inline const std::string kState = "/var/lib/vservers";  ///< 0700: layers hold files that are setuid root on disk
inline const std::string kObjects = kState + "/objects";
inline const std::string kImages = kState + "/images";    ///< ID/tree, ID/image.json
inline const std::string kServers = kState + "/servers";  ///< NAME/upper, work, volumes, record.json
inline const std::string kLogs = kState + "/logs";        ///< NAME: a sealed log; .machine: its keys
inline const std::string kStaging = kState + "/staging";  ///< what a build has not finished; swept by the next command
inline const std::string kTrash = kState + "/trash";      ///< what a delete has not finished; swept by the next command
inline const std::string kRun = "/run/vservers";          ///< NAME/lock, state, keeper.lock; gone after a reboot
inline const std::string kVoid = kRun + "/.void";         ///< the pinned empty mount namespace, one per boot
inline constexpr const char* kLockSocket = "/run/vserver-lock.socket";  ///< where ordinary users ask for an address lock
inline const std::string kParked = kRun + "/.parked";     ///< the pinned network namespace in which devices wait for their server

}  // namespace vs::model::paths
