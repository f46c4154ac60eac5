#pragma once
// A fresh Ed25519 host key in OpenSSH's own format (PROTOCOL.key of OpenSSH), made without a guest's tools.

#include <string>

#include "base/result.hpp"

namespace vs::storage {

struct SshKey {
    std::string private_file;  ///< ssh_host_ed25519_key, not encrypted
    std::string public_file;   ///< ssh_host_ed25519_key.pub
};
Result<SshKey> make_ssh_host_key(const std::string& comment);

}  // namespace vs::storage
