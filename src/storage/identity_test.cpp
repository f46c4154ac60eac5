// A new server's identity, written through a real overlay over an image that may be hostile.

#include "storage/identity.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "sys/file.hpp"
#include "sys/own_namespaces.hpp"

namespace vs::storage {
namespace {

const std::string kImage = "/var/lib/image", kServer = "/var/lib/server", kUpper = kServer + "/upper";
constexpr const char* kMachineId = "0123456789abcdef0123456789abcdef";

void write(const std::string& path, std::string_view text) {
    auto slash = path.rfind('/');
    ASSERT_TRUE(sys::make_dirs(path.substr(0, slash), 0755));
    ASSERT_TRUE(sys::replace_file(sys::open_dir(sys::kHere, path.substr(0, slash)).value(), path.substr(slash + 1), text, 0644, sys::Durability::volatile_));
}
std::string read(const std::string& path) { return sys::read_file(sys::kHere, path).value_or("(none)"); }

IdentityRequest request() {
    return {.host_name = "web", .domain_name = "example.org", .addresses = {model::IpAddress::parse("192.0.2.7").value(), model::IpAddress::parse("2001:db8::7").value()}, .nameservers = {}};
}

/// An image with /etc, and the directories of a server that stands on it.
void on_image(const std::function<void()>& body) {
    sys::on_empty_machine([&] {
        write(kImage + "/etc/machine-id", "the image's\n");
        for (const auto& dir : {kUpper, kServer + "/work"}) ASSERT_TRUE(sys::make_dirs(dir, 0755));
        body();
        EXPECT_FALSE(sys::exists(sys::kHere, kServer + "/identity-work").value()) << "nothing of the mount is left";
    });
}
Result<> write_it(const IdentityRequest& wanted = request()) { return write_identity(kImage, sys::open_dir(sys::kHere, kServer).value(), wanted, kMachineId); }

TEST(Identity, is_the_servers_own_and_leaves_the_image_as_it_is) {
    on_image([] {
        write(kImage + "/etc/fstab", "/dev/sda1 / ext4\n");
        auto written = write_it();
        ASSERT_TRUE(written) << written.error().message();
        EXPECT_EQ(read(kUpper + "/etc/machine-id"), std::string(kMachineId) + "\n");
        EXPECT_EQ(sys::stat_at(sys::kHere, kUpper + "/etc/machine-id")->st_mode & 07777, 0444U);
        EXPECT_EQ(read(kUpper + "/etc/hostname"), "web\n");
        EXPECT_NE(read(kUpper + "/etc/hosts").find("192.0.2.7\tweb.example.org web\n2001:db8::7\tweb.example.org web\n"), std::string::npos);
        EXPECT_EQ(read(kUpper + "/etc/fstab").find("/dev/sda1"), std::string::npos);
        EXPECT_EQ(read(kImage + "/etc/machine-id"), "the image's\n");
        EXPECT_EQ(read(kImage + "/etc/fstab"), "/dev/sda1 / ext4\n");
    });
}

TEST(Identity, a_second_machine_id_leads_to_the_first) {
    on_image([] {
        write(kImage + "/var/lib/dbus/machine-id", "old\n");
        ASSERT_TRUE(write_it());
        EXPECT_EQ(sys::read_link(sys::kHere, kUpper + "/var/lib/dbus/machine-id").value(), "/etc/machine-id");
    });
}

struct RootCase {
    const char* what;
    const char* shadow;  ///< nullptr: there is none
    const char* passwd;
    const char* shadow_after;
    const char* passwd_after;
};
constexpr const char* kUntouched = "(none)";
constexpr RootCase kRoots[] = {
    {"a password in shadow", "root:$y$hash:1:::::\nbin:*:1::::::\n", "root:x:0:0::/:/bin/sh\n", "root:*:1:::::\nbin:*:1::::::\n", kUntouched},
    {"an empty password in shadow", "root::1:::::\n", "root:x:0:0::/:/bin/sh\n", "root:*:1:::::\n", kUntouched},
    {"locked already", "root:!:1:::::\n", "root:x:0:0::/:/bin/sh\n", kUntouched, kUntouched},
    {"locked with its password kept", "root:!$y$hash:1:::::\n", "root:x:0:0::/:/bin/sh\n", kUntouched, kUntouched},
    {"root is not the first", "bin:*:1::::::\nroot:secret:1:::::\n", "root:x:0:0::/:/bin/sh\n", "bin:*:1::::::\nroot:*:1:::::\n", kUntouched},
    {"somebody whose name ends so", "notroot:secret:1:::::\n", "root:x:0:0::/:/bin/sh\n", kUntouched, kUntouched},
    {"a password in passwd past shadow", "root:*:1:::::\n", "root:hash:0:0::/:/bin/sh\n", kUntouched, "root:x:0:0::/:/bin/sh\n"},
    {"an empty one in passwd", "root:*:1:::::\n", "root::0:0::/:/bin/sh\n", kUntouched, "root:x:0:0::/:/bin/sh\n"},
    {"no shadow", nullptr, "root:hash:0:0::/:/bin/sh\n", kUntouched, "root:*:0:0::/:/bin/sh\n"},
    {"no shadow, none needed", nullptr, "root:*:0:0::/:/bin/sh\n", kUntouched, kUntouched},
    {"a line without an end", "root", "root:x", kUntouched, kUntouched},
    {"a line that ends early", "root:secret", "root:x:0:0::/:/bin/sh\n", "root:*", kUntouched},
};

TEST(Identity, nobody_gets_in_as_root_with_what_the_image_had) {
    for (const auto& root : kRoots)
        on_image([&] {
            if (root.shadow != nullptr) write(kImage + "/etc/shadow", root.shadow);
            write(kImage + "/etc/passwd", root.passwd);
            ASSERT_TRUE(write_it()) << root.what;
            EXPECT_EQ(read(kUpper + "/etc/shadow"), root.shadow_after) << root.what;
            EXPECT_EQ(read(kUpper + "/etc/passwd"), root.passwd_after) << root.what;
        });
}

TEST(Identity, keys_of_the_image_are_gone_and_new_ones_are_roots_alone) {
    on_image([] {
        for (const char* key : {"ssh_host_rsa_key", "ssh_host_ed25519_key", "ssh_host_ed25519_key.pub", "sshd_config"}) write(fmt::format("{}/etc/ssh/{}", kImage, key), "the image's");
        ASSERT_TRUE(write_it());
        EXPECT_NE(read(kUpper + "/etc/ssh/ssh_host_ed25519_key").find("OPENSSH PRIVATE KEY"), std::string::npos);
        EXPECT_EQ(sys::stat_at(sys::kHere, kUpper + "/etc/ssh/ssh_host_ed25519_key")->st_mode & 07777, 0600U);
        EXPECT_TRUE(read(kUpper + "/etc/ssh/ssh_host_ed25519_key.pub").starts_with("ssh-ed25519 "));
        EXPECT_TRUE(S_ISCHR(sys::stat_at(sys::kHere, kUpper + "/etc/ssh/ssh_host_rsa_key")->st_mode)) << "a whiteout";
        EXPECT_EQ(read(kUpper + "/etc/ssh/sshd_config"), kUntouched);
    });
}

TEST(Identity, links_of_the_image_lead_nowhere_outside_and_are_replaced_at_the_end) {
    on_image([] {
        write("/etc/victim", "the host's");
        auto etc = sys::open_dir(sys::kHere, kImage + "/etc").value();
        for (const char* name : {"hostname", "hosts", "resolv.conf", "fstab"}) ASSERT_TRUE(sys::make_symlink(etc, name, "/etc/victim"));
        ASSERT_TRUE(sys::make_symlink(etc, "shadow", "../../../../etc/victim"));
        (void)write_it();
        EXPECT_EQ(read("/etc/victim"), "the host's");
        EXPECT_EQ(read(kUpper + "/etc/hostname"), "web\n");
        EXPECT_TRUE(S_ISREG(sys::stat_at(sys::kHere, kUpper + "/etc/hostname")->st_mode));
    });
}

struct Resolver {
    const char* host;      ///< /etc/resolv.conf of the host
    const char* resolved;  ///< that of systemd-resolved
    const char* written;
};
constexpr Resolver kResolvers[] = {
    {"nameserver 192.0.2.53\n", "", "search example.org\nnameserver 192.0.2.53\n"},
    {"nameserver 127.0.0.53\n", "nameserver 192.0.2.54\nnameserver 2001:db8::53\n", "search example.org\nnameserver 192.0.2.54\nnameserver 2001:db8::53\n"},
    {"nameserver ::1\nnameserver fe80::1%eth0\nnameserver fe80::2\nnameserver x;y\n", "", "# The host has no name server that can be reached from here.\nsearch example.org\n"},
    {"# nameserver 192.0.2.1\nsearch host.example\nnameserver\t192.0.2.55 \n", "nameserver 192.0.2.56\n", "search example.org\nnameserver 192.0.2.55\n"},
};

TEST(Identity, name_servers_are_those_of_the_host_that_can_be_reached_from_a_server) {
    for (const auto& resolver : kResolvers)
        on_image([&] {
            write("/etc/resolv.conf", resolver.host);
            write("/run/systemd/resolve/resolv.conf", resolver.resolved);
            ASSERT_TRUE(write_it());
            EXPECT_EQ(read(kUpper + "/etc/resolv.conf"), resolver.written) << resolver.host;
        });
    on_image([] {
        write("/etc/resolv.conf", "nameserver 192.0.2.53\n");
        auto own = request();
        own.nameservers = {model::IpAddress::parse("198.51.100.53").value()};
        own.domain_name.clear();
        ASSERT_TRUE(write_it(own));
        EXPECT_EQ(read(kUpper + "/etc/resolv.conf"), "nameserver 198.51.100.53\n");
    });
}

}  // namespace
}  // namespace vs::storage
