#include "guard/entry.hpp"

#include <gtest/gtest.h>

namespace vs::guard {
namespace {

Entry sample() {
    Entry entry;
    entry.path = "/etc/passwd";
    entry.mode = 0644;
    entry.gid = 42;
    entry.size = 7;
    entry.digest = std::string(64, 'a');
    entry.stamp = {12, 34};
    return entry;
}

Entry through_text(const Entry& entry) {
    auto read = parse_entries(print_entry(entry));
    EXPECT_TRUE(read) << read.error().message();
    EXPECT_EQ(read->size(), 1U);
    return read->at(0);
}

TEST(Entry, is_the_same_after_being_written_and_read) {
    auto entry = sample();
    entry.capability = true;
    entry.xattrs = std::string(64, '0');
    auto read = through_text(entry);
    EXPECT_TRUE(read.is_same_as(entry));
    EXPECT_EQ(read.path, entry.path);
    EXPECT_EQ(read.stamp, entry.stamp);
}

TEST(Entry, names_of_any_bytes_survive_and_make_no_second_line) {
    for (std::string name : {"/a\nb file 0", "/ ", "/%", "/%41", "/-", "/\x01\x7f", "/\xff\xfe", "/\xc3\xa4", "/a\tb"}) {
        auto entry = sample();
        entry.path = name;
        entry.kind = Kind::link;
        entry.target = name.substr(1);
        auto text = print_entry(entry);
        EXPECT_EQ(text.find('\n'), text.size() - 1) << name;
        EXPECT_EQ(through_text(entry).path, name);
        EXPECT_EQ(through_text(entry).target, name.substr(1));
    }
}

TEST(Entry, a_line_that_is_none_is_refused) {
    auto good = print_entry(sample());
    good.pop_back();
    ASSERT_TRUE(parse_entry(good));
    const std::vector<std::string> kBad = {"", good + " 1", good.substr(0, good.rfind(' ')), "x" + good, "/a%2" + good.substr(11), good + "\n",
                                           "/a pipe 420 0 0 0 - - - - 1 1", "/a file 99999 0 0 0 - - - - 1 1", "/a file 420 0 0 -1 - - - - 1 1",
                                           "/a file 420 0 0 1 abc - - - 1 1", "/a file 420 0 0 1 - - x - 1 1"};
    for (const auto& bad : kBad)
        EXPECT_FALSE(parse_entry(bad)) << bad;
    EXPECT_FALSE(parse_entries(good));  // cut off
}

TEST(Entry, privileged_is_what_gives_more_rights) {
    auto entry = sample();
    EXPECT_FALSE(entry.is_privileged());
    for (unsigned mode : {04755U, 02755U, 06000U}) {
        entry.mode = mode;
        EXPECT_TRUE(entry.is_privileged());
    }
    entry.kind = Kind::directory;
    EXPECT_FALSE(entry.is_privileged());
    entry.kind = Kind::file;
    entry.mode = 0755;
    entry.capability = true;
    EXPECT_TRUE(entry.is_privileged());
}

}  // namespace
}  // namespace vs::guard
