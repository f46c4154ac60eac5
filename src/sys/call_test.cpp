#include "sys/call.hpp"

#include <gtest/gtest.h>

#include <cerrno>

namespace vs::sys {
namespace {

TEST(Call, an_error_has_the_call_the_reason_and_its_name) {
    auto error = error_from(EBUSY, "mount '/x'");

    EXPECT_EQ(error.message(), "mount '/x': Device or resource busy (EBUSY)");
    EXPECT_EQ(error.errno_value, EBUSY);
    EXPECT_EQ(error.code, Code::failed);
}

TEST(Call, what_the_kernel_lacks_and_what_it_refuses_are_told_apart) {
    EXPECT_EQ(error_from(ENOSYS, "clone3").code, Code::unsupported);
    EXPECT_EQ(error_from(EPERM, "clone3").code, Code::denied);
    EXPECT_EQ(error_from(EACCES, "open").code, Code::denied);
    for (int other : {ENOENT, ENOSPC, EINVAL, EIO, EEXIST, EAGAIN}) EXPECT_EQ(error_from(other, "x").code, Code::failed) << other;
}

TEST(Call, an_error_that_the_c_library_does_not_know_keeps_its_number) {
    EXPECT_EQ(errno_name(4000), "errno 4000");
    EXPECT_NE(error_from(4000, "x").message().find("(errno 4000)"), std::string::npos);
}

TEST(Call, last_error_is_that_of_the_last_call) {
    errno = ENOTDIR;
    EXPECT_EQ(last_error("open 'x'").errno_value, ENOTDIR);
}

}  // namespace
}  // namespace vs::sys
