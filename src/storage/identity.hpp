#pragma once
// What makes a server itself and not a copy of its image: machine id, ssh host key, host name, hosts, resolv.conf, fstab,
// and a root without password.
//
// Security: the image may be hostile. Everything goes through a private, detached overlay mount of image and upper layer,
// resolved as if its root were "/"; a final link is replaced, never followed.

#include <string>
#include <vector>

#include "model/address.hpp"
#include "sys/fd.hpp"

namespace vs::storage {

struct IdentityRequest {
    std::string host_name;
    std::string domain_name;                     ///< may be empty
    std::vector<model::IpAddress> addresses;     ///< for /etc/hosts
    std::vector<model::IpAddress> nameservers;   ///< empty: the host's own, never loopback ones
};

/// Writes the identity into the new upper layer below `server_dir` ("upper"; "work" is left as it is). `machine_id` is 32
/// hexadecimal digits. Syncing is the caller's.
Result<> write_identity(const std::string& image_tree, const sys::DirFd& server_dir, const IdentityRequest& request,
                        const std::string& machine_id);

}  // namespace vs::storage
