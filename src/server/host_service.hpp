#pragma once
// Services of the host that are to use some of its addresses only, so that servers on the host's own stack and other services have the same
// ports (`vserver host-service`): a drop-in of the service's unit has its control group locked before it starts.

#include <string>
#include <vector>

#include "base/result.hpp"

namespace vs::server {

struct HostService {
    std::string unit;  ///< "nginx.service"
    std::string file;  ///< the drop-in
    std::string text;  ///< of it
    bool has_socket = false;  ///< there is a unit whose sockets systemd makes for it: those are not locked
};

/// The unit's whole name: "nginx" is "nginx.service". Pure. Code::usage for what is no service's name, Code::denied for a unit of ours.
Result<std::string> host_unit(const std::string& name);
/// Pure. The drop-in's text.
std::string host_service_text(const std::string& unit, const std::vector<std::string>& addresses, const std::string& program);

/// Code::usage where the host has no such unit, or no such address.
Result<HostService> plan_host_service(const std::string& name, const std::vector<std::string>& addresses);
/// Writes it, and has systemd read it where that runs. The service itself is left alone.
Result<> lock_host_service(const HostService& service);
/// Takes the drop-in away; its path. Code::usage where there is none.
Result<std::string> unlock_host_service(const std::string& name);

}  // namespace vs::server
