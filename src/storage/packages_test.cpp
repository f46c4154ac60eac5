#include "storage/packages.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace vs::storage {
namespace {

const std::string kStatus = R"(Package: dpkg
Essential: yes
Status: install ok installed
Priority: required
Architecture: amd64
Version: 1.21
Pre-Depends: libc6 (>= 2.36), zlib

Package: libc6
Status: install ok installed
Priority: optional
Architecture: amd64
Version: 2.36-9

Package: zlib-ng
Status: install ok installed
Architecture: amd64
Version: 3
Provides: zlib (= 1.3)

Package: nginx
Status: hold ok installed
Architecture: amd64
Version: 1.22
Depends: missing | mta (>= 2) | exim:any,
 libc6 (>> 2.99) | libssl
Conffiles:
 /etc/nginx/nginx.conf 0123456789abcdef0123456789abcdef
 /etc/nginx/old 0123456789abcdef0123456789abcdef obsolete

Package: exim
Status: install ok installed
Architecture: all
Version: 4

Package: mta
Status: install ok installed
Architecture: amd64
Version: 1

Package: libssl
Status: install ok installed
Architecture: amd64
Version: 3

Package: gone
Status: deinstall ok config-files
Architecture: amd64
Version: 1

Package: foreign
Status: install ok installed
Priority: important
Architecture: i386
Version: 1
)";

std::vector<std::string_view> names(const std::vector<Package>& packages) {
    std::vector<std::string_view> out;
    for (const auto& package : packages) out.push_back(package.name);
    return out;
}

TEST(Packages, only_installed_ones_of_our_architecture_count) {
    EXPECT_EQ(names(parse_status(kStatus)),
              (std::vector<std::string_view>{"dpkg", "libc6", "zlib-ng", "nginx", "exim", "mta", "libssl"}));
}

TEST(Packages, the_base_system_brings_what_it_depends_on) {
    auto chosen = select_packages(parse_status(kStatus), {});

    EXPECT_EQ(names(chosen.value()), (std::vector<std::string_view>{"dpkg", "libc6", "zlib-ng"}));
}

TEST(Packages, alternatives_are_resolved_to_what_is_installed_in_the_right_version) {
    auto chosen = select_packages(parse_status(kStatus), {"nginx"});

    EXPECT_EQ(names(chosen.value()), (std::vector<std::string_view>{"dpkg", "exim", "libc6", "libssl", "nginx", "zlib-ng"}));
}

TEST(Packages, a_requested_package_must_be_installed) {
    auto chosen = select_packages(parse_status(kStatus), {"gone"});

    ASSERT_FALSE(chosen);
    EXPECT_EQ(chosen.error().code, Code::usage);
}

TEST(Packages, obsolete_conffiles_are_nobodys) {
    auto packages = parse_status(kStatus);
    auto nginx = std::find_if(packages.begin(), packages.end(), [](const auto& package) { return package.name == "nginx"; });

    ASSERT_EQ(nginx->conffiles.size(), 1U);
    EXPECT_EQ(nginx->conffiles[0].path, "/etc/nginx/nginx.conf");
}

TEST(Packages, a_stanza_is_the_whole_paragraph) {
    auto packages = parse_status(kStatus);

    EXPECT_TRUE(packages[0].stanza.starts_with("Package: dpkg\nEssential"));
    EXPECT_TRUE(packages[0].stanza.ends_with("libc6 (>= 2.36), zlib"));
}

TEST(Packages, nothing_is_parsed_from_nothing) { EXPECT_TRUE(parse_status("").empty()); }

}  // namespace
}  // namespace vs::storage
