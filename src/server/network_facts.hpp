#pragma once
// What is asked of the host's network before anything of a server's is made in it.

#include "model/address.hpp"
#include "sys/route.hpp"

namespace vs::server {

/// True where the way to an address is the cable of one of our servers.
Result<bool> leads_to_server(sys::NetlinkSocket& socket, const model::IpAddress& address);

}  // namespace vs::server
