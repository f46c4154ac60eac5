#include "storage/host_files.hpp"

#include <gtest/gtest.h>

#include "storage/package_database.hpp"
#include "storage/unchanged.hpp"

namespace vs::storage {
namespace {

const std::string kDiversions = "/bin/sh\n/bin/sh.distrib\ndash\n/usr/bin/perf\n/usr/bin/perf.real\n:\n/usr/bin/x\n/usr/bin/x.y\nother\n";

PackageFile only_file(std::string_view package, const std::string& path, const std::set<std::string_view>& chosen) {
    auto files = package_files("/.\n" + path + "\n", package, parse_diversions(kDiversions), chosen);
    EXPECT_EQ(files.size(), 1U);
    return files.at(0);
}

TEST(HostFiles, a_diverted_file_stays_diverted_where_its_diverter_comes_too) {
    auto file = only_file("bash", "/bin/sh", {"bash", "dash"});

    EXPECT_EQ(file.path, "/bin/sh.distrib");
    EXPECT_EQ(file.host_path, "/bin/sh.distrib");
}

TEST(HostFiles, a_diverted_file_gets_its_name_back_where_the_diverter_stays_behind) {
    auto file = only_file("tool", "/usr/bin/x", {"tool"});

    EXPECT_EQ(file.path, "/usr/bin/x");
    EXPECT_EQ(file.host_path, "/usr/bin/x.y");
}

TEST(HostFiles, an_administrators_diversion_does_not_come_along) {
    auto file = only_file("perf", "/usr/bin/perf", {"perf"});

    EXPECT_EQ(file.path, "/usr/bin/perf");
    EXPECT_EQ(file.host_path, "/usr/bin/perf.real");
}

TEST(HostFiles, the_diverter_itself_has_the_name) {
    auto file = only_file("dash", "/bin/sh", {"dash"});

    EXPECT_EQ(file.path, "/bin/sh");
    EXPECT_EQ(file.host_path, "/bin/sh");
}

TEST(HostFiles, only_diversions_of_chosen_packages_are_kept) {
    EXPECT_EQ(print_diversions(parse_diversions(kDiversions), {"dash"}), "/bin/sh\n/bin/sh.distrib\ndash\n");
}

TEST(HostFiles, a_directory_is_known_by_what_follows) {
    auto files = package_files("/.\n/etc\n/etc/a\n/etc/ab\n", "p", {}, {"p"});

    ASSERT_EQ(files.size(), 3U);
    EXPECT_TRUE(files[0].has_content);
    EXPECT_FALSE(files[1].has_content);
}

TEST(HostFiles, hostile_lines_of_a_list_are_no_paths) { EXPECT_TRUE(package_files("\nrelative\n/\n/.\n", "p", {}, {}).empty()); }

TEST(HostFiles, info_files_are_the_packages_own) {
    HostDatabase database;
    database.info = {"libc6:amd64.list", "libc6:i386.list", "libc6.list", "libc6-dev.list", "libc6.postinst", "libc6.rubbish"};
    Package package;
    package.name = "libc6";
    package.architecture = "amd64";

    EXPECT_EQ(info_files(database, package), (std::vector<std::string>{"libc6:amd64.list", "libc6.list", "libc6.postinst"}));
}

TEST(HostFiles, conffiles_and_what_is_no_program_are_suspects) {
    Package package;
    package.conffiles = {{"/etc/c", "aaaa"}};
    auto files = package_files("/etc/c\n/etc/plain\n/usr/bin/tool\n/bin/sh\n/var/x\n", "p", {}, {"p"});

    auto suspects = find_suspects(files, package, {{"/var/x", "bbbb"}});

    ASSERT_EQ(suspects.size(), 3U);
    EXPECT_EQ(suspects[0].md5, "aaaa");
    EXPECT_EQ(suspects[1].host_path, "/etc/plain");
    EXPECT_EQ(suspects[1].md5, "") << "nothing to compare with: left out";
    EXPECT_EQ(suspects[2].md5, "bbbb");
}

TEST(HostFiles, md5sums_become_absolute_paths) {
    auto sums = parse_md5sums("0123456789abcdef0123456789abcdef  usr/share/x y\nshort\n");

    EXPECT_EQ(sums, (std::map<std::string, std::string>{{"/usr/share/x y", "0123456789abcdef0123456789abcdef"}}));
}

TEST(PackageDatabase, a_stanza_forgets_this_machine) {
    const std::string stanza =
        "Package: p\nStatus: hold ok installed\nVersion: 1\nConfig-Version: 1\nTriggers-Pending: x\nConffiles:\n /etc/a 11\n /etc/b 22 "
        "obsolete\nDescription: short\n long";
    Package package;
    package.stanza = stanza;

    EXPECT_EQ(unpacked_stanza(package),
              "Package: p\nStatus: install ok unpacked\nVersion: 1\nConffiles:\n /etc/a 11\nDescription: short\n long\n\n");
}

TEST(PackageDatabase, triggers_of_others_stay_behind) {
    EXPECT_EQ(chosen_triggers("/usr/lib systemd/noawait\n/x other\nlibc-bin\nman-db:amd64/noawait\n", {"systemd", "libc-bin"}),
              "/usr/lib systemd/noawait\nlibc-bin\n");
}

}  // namespace
}  // namespace vs::storage
