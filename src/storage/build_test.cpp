#include "storage/build.hpp"

#include <gtest/gtest.h>

namespace vs::storage {
namespace {

TEST(Build, knows_its_sources) {
    EXPECT_TRUE(std::holds_alternative<HostSource>(parse_source("host", {"nginx"}).value()));
    EXPECT_EQ(std::get<DebianSource>(parse_source("debian:trixie", {}).value()).suite, "trixie");
    EXPECT_EQ(std::get<DebianSource>(parse_source("debian", {"g++-12"}).value()).packages, std::vector<std::string>{"g++-12"});
    for (const char* file : {"x.tar", "x.tar.gz", "x.tgz", "x.tar.xz", "x.txz", "x.tar.zst", "./anything"})
        EXPECT_EQ(std::get<TarSource>(parse_source(file, {}).value()).file, file);
}

TEST(Build, refuses_what_is_none) {
    for (const char* bad : {"", "x", "debian:", "debian:-x", "debian:../x", "debian:a b", "x.zip"})
        EXPECT_EQ(parse_source(bad, {}).error().code, Code::usage) << bad;
}

TEST(Build, a_package_name_is_no_option) {
    for (const char* bad : {"", "-y", "--hook=x", "a b", "a;b", "$(x)", "Nginx", ".x"})
        EXPECT_EQ(parse_source("host", {bad}).error().code, Code::usage) << bad;
    EXPECT_EQ(parse_source("x.tar", {"nginx"}).error().code, Code::usage);
}

}  // namespace
}  // namespace vs::storage
