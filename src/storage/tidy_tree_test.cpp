#include "storage/tidy_tree.hpp"

#include <gtest/gtest.h>

#include "sys/inode.hpp"
#include "sys/scratch_dir.hpp"

namespace vs::storage {
namespace {

class TidyTreeTest : public testing::Test {
  protected:
    TidyTreeTest() {
        scratch_.make_dir("tree");
        root_ = sys::open_dir(scratch_.dir(), "tree").value();
    }
    void put(const std::string& path, const std::string& content = "x") const {
        scratch_.make_dir("tree/" + path.substr(0, path.rfind('/')));
        scratch_.write("tree/" + path, content);
    }
    [[nodiscard]] bool has(const std::string& path) const { return scratch_.has("tree/" + path); }

    sys::ScratchDir scratch_;
    sys::DirFd root_;
};

TEST_F(TidyTreeTest, what_makes_a_machine_somebody_is_taken_out) {
    const std::vector<std::string> somebody = {"etc/machine-id", "etc/hostname", "etc/resolv.conf", "etc/ssh/ssh_host_rsa_key", "etc/ssh/ssh_host_rsa_key.pub",
                                               "var/lib/dbus/machine-id", "var/lib/systemd/random-seed", "var/lib/systemd/credential.secret", "etc/shadow-",
                                               "var/cache/debconf/passwords.dat", "run/x/secret", "tmp/x", "var/tmp/x", "var/log/auth.log", "var/log/app/deep/old.1"};
    const std::vector<std::string> everybody = {"etc/passwd", "etc/shadow", "etc/ssh/sshd_config", "var/lib/dpkg/status", "usr/bin/tool"};
    for (const auto& path : somebody) put(path);
    for (const auto& path : everybody) put(path);

    ASSERT_TRUE(tidy_tree(root_));

    for (const auto& path : somebody) EXPECT_FALSE(has(path)) << path;
    for (const auto& path : everybody) EXPECT_TRUE(has(path)) << path;
    for (const char* path : {"run", "tmp", "var/tmp", "var/log/app/deep"}) EXPECT_TRUE(has(path)) << path << ": daemons expect their directories";
    EXPECT_TRUE(tidy_tree(root_)) << "nothing is left to take out";
}

// The tree may be of an archive: its links are its maker's, and lead where he wants.
TEST_F(TidyTreeTest, links_lead_to_nothing_outside) {
    for (const char* dir : {"outside/ssh", "outside/log", "outside/tmp", "tree/etc", "tree/var"}) scratch_.make_dir(dir);
    for (const char* file : {"outside/ssh/ssh_host_rsa_key", "outside/log/auth.log", "outside/tmp/x", "outside/machine-id"}) scratch_.write(file, "ours");
    ASSERT_TRUE(sys::make_symlink(root_, "etc/ssh", "../../outside/ssh"));
    ASSERT_TRUE(sys::make_symlink(root_, "var/log", scratch_.path("outside/log")));
    ASSERT_TRUE(sys::make_symlink(root_, "tmp", "../outside/tmp"));
    ASSERT_TRUE(sys::make_symlink(root_, "etc/machine-id", "../../outside/machine-id"));

    ASSERT_TRUE(tidy_tree(root_));

    for (const char* file : {"outside/ssh/ssh_host_rsa_key", "outside/log/auth.log", "outside/tmp/x", "outside/machine-id"})
        EXPECT_EQ(scratch_.read(file), "ours") << file;
}

TEST_F(TidyTreeTest, services_are_forbidden_until_they_are_allowed) {
    ASSERT_TRUE(forbid_services(root_));
    EXPECT_EQ(scratch_.read("tree/usr/sbin/policy-rc.d"), "#!/bin/sh\nexit 101\n");
    EXPECT_EQ(sys::stat_at(root_, "usr/sbin/policy-rc.d")->st_mode & 0777, 0755U);

    ASSERT_TRUE(allow_services(root_));
    EXPECT_FALSE(has("usr/sbin/policy-rc.d"));
}

}  // namespace
}  // namespace vs::storage
