// The whole database, written from that of a host. Single stanzas and triggers are in host_files_test.cpp.

#include "storage/package_database.hpp"

#include <gtest/gtest.h>

#include "sys/inode.hpp"
#include "sys/scratch_dir.hpp"

namespace vs::storage {
namespace {

const std::string kStatus =  // whose architecture counts, says dpkg's own
    "Package: dpkg\nStatus: install ok installed\nPriority: required\nArchitecture: amd64\nVersion: 1\n\n"
    "Package: chosen\nStatus: install ok installed\nPriority: required\nArchitecture: amd64\nVersion: 1\n\n"
    "Package: other\nStatus: install ok installed\nPriority: optional\nArchitecture: amd64\nVersion: 1\n";

class PackageDatabaseTest : public testing::Test {
  protected:
    PackageDatabaseTest() {
        for (const char* dir : {"host/info", "host/triggers", "root/var/lib"}) scratch_.make_dir(dir);
        for (const char* file : {"info/chosen.list", "info/chosen.postinst", "info/other.list", "info/format"}) put(file, file);
        put("triggers/File", "/usr/lib chosen\n/usr/x other\n");
        put("triggers/other-only", "other\n");
        put("triggers/Unincorp", "chosen other\n");
        put("statoverride", "root root 4755 /usr/bin/tool\n");
        EXPECT_TRUE(sys::change_mode(sys::open_at(scratch_.dir(), "host/info/chosen.postinst", 0).value(), 0755));
        host_ = open_host_database(scratch_.path("host")).value();
        root_ = sys::open_dir(scratch_.dir(), "root").value();
        packages_ = parse_status(kStatus);
        std::erase_if(packages_, [](const Package& package) { return package.name != "chosen"; });
    }
    void put(const std::string& name, const std::string& content) const { scratch_.write("host/" + name, content); }
    [[nodiscard]] std::string written(const std::string& name) const { return scratch_.read("root/var/lib/dpkg/" + name); }
    Result<> write() const { return write_database(root_, {&host_, &packages_, &diversions_}); }

    sys::ScratchDir scratch_;
    HostDatabase host_;
    sys::DirFd root_;
    std::vector<Package> packages_;
    std::vector<Diversion> diversions_ = {{"/bin/sh", "/bin/sh.distrib", "chosen"}, {"/bin/x", "/bin/x.real", ""}};
};

TEST_F(PackageDatabaseTest, has_the_chosen_packages_and_nothing_of_others_or_of_the_host) {
    ASSERT_TRUE(write());

    EXPECT_EQ(written("status"), "Package: chosen\nStatus: install ok unpacked\nPriority: required\nArchitecture: amd64\nVersion: 1\n\n");
    EXPECT_EQ(sys::list_dir(sys::open_dir(root_, "var/lib/dpkg/info").value())->size(), 3U);
    EXPECT_EQ(written("info/chosen.list"), "info/chosen.list");
    EXPECT_EQ(written("info/format"), "1\n");
    EXPECT_EQ(sys::stat_at(root_, "var/lib/dpkg/info/chosen.postinst")->st_mode & 0777, 0755U);
    EXPECT_EQ(written("triggers/File"), "/usr/lib chosen\n");
    EXPECT_EQ(sys::list_dir(sys::open_dir(root_, "var/lib/dpkg/triggers").value())->size(), 1U);
    EXPECT_EQ(written("diversions"), "/bin/sh\n/bin/sh.distrib\nchosen\n");
    EXPECT_EQ(written("statoverride"), "") << "modes that an administrator has chosen for this host";
}

// dpkg's directory is root's, but a link in it that somebody has put there would be read with root's rights.
TEST_F(PackageDatabaseTest, follows_no_link_among_the_hosts_files) {
    scratch_.write("secret", "secret");
    ASSERT_TRUE(sys::remove_file(host_.dir, "info/chosen.list"));
    ASSERT_TRUE(sys::make_symlink(host_.dir, "info/chosen.list", "../../secret"));

    EXPECT_FALSE(write());
}

}  // namespace
}  // namespace vs::storage
