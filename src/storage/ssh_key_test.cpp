#include "storage/ssh_key.hpp"

#include <gtest/gtest.h>

namespace vs::storage {
namespace {

TEST(SshKey, has_openssh_form) {
    auto key = make_ssh_host_key("root@web1").value();

    EXPECT_TRUE(key.private_file.starts_with("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA"));
    EXPECT_TRUE(key.private_file.ends_with("\n-----END OPENSSH PRIVATE KEY-----\n"));
    EXPECT_TRUE(key.public_file.starts_with("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI"));
    EXPECT_TRUE(key.public_file.ends_with(" root@web1\n"));
}

TEST(SshKey, is_never_the_same) { EXPECT_NE(make_ssh_host_key("x")->public_file, make_ssh_host_key("x")->public_file); }

}  // namespace
}  // namespace vs::storage
