#include "context/registry.hpp"

#include <gtest/gtest.h>

namespace vs::context {
namespace {

TEST(ContextRecord, is_read_as_it_was_written) {
    const Record record{.number = 4200, .name = "web", .init = 17, .init_start = 99, .home = 4026531836, .processes = 4026532001,
                        .areas = kProcesses | kIpc, .flags = kLock, .keep = model::CapabilitySet::secure(), .no_new_privileges = true};
    auto read = parse_record(print_record(record));

    ASSERT_TRUE(read);
    EXPECT_EQ(print_record(*read), print_record(record));
    EXPECT_EQ(read->name, "web");
    EXPECT_EQ(read->keep, record.keep);
}

TEST(ContextRecord, without_all_its_lines_is_none) {
    auto text = print_record({});
    for (std::string_view key : {"number", "init ", "home", "keep", "flags"}) {
        auto broken = text;
        broken.replace(broken.find(key), 1, "x");
        EXPECT_FALSE(parse_record(broken)) << key;
    }
    EXPECT_FALSE(parse_record(""));
}

TEST(ContextChoice, is_a_number_or_a_name) {
    EXPECT_EQ(parse_choice("7")->number, 7U);
    EXPECT_EQ(parse_choice("web")->name, "web");
    EXPECT_EQ(parse_choice("1")->number, kSpectator);
    for (const char* wrong : {"", "0", "100", "4195", "1000000", "99999999999999999999", "-1", "../x", "a b"})
        EXPECT_FALSE(parse_choice(wrong)) << wrong;
}

}  // namespace
}  // namespace vs::context
