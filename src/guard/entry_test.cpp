#include "guard/entry.hpp"

#include <gtest/gtest.h>

#include "base/dice.hpp"

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

Entry any_entry(base::Dice& dice) {
    std::string bytes;
    for (int c = 1; c < 256; ++c) bytes += static_cast<char>(c);
    auto digest = [&] { return dice.toss() ? std::string() : std::string(64, dice.one_of(std::string_view("0123456789abcdef"))); };
    Entry entry;
    entry.path = "/" + dice.text(bytes, 20);
    entry.kind = static_cast<Kind>(dice.below(7));
    entry.mode = static_cast<unsigned>(dice.below(010000));
    entry.uid = static_cast<std::uint32_t>(dice.any());
    entry.gid = static_cast<std::uint32_t>(dice.any());
    entry.size = dice.any();
    entry.digest = digest();
    entry.xattrs = digest();
    entry.target = dice.text(bytes, 10);
    entry.capability = dice.toss();
    entry.opaque = dice.toss();
    entry.stamp = {dice.any(), static_cast<std::int64_t>(dice.any() >> 1)};
    return entry;
}

TEST(Entry, whatever_a_guest_calls_its_files_every_list_reads_back) {
    base::Dice dice(1);
    for (int i = 0; i < 300; ++i) {
        std::vector<Entry> entries;
        for (auto n = dice.below(5); n > 0; --n) entries.push_back(any_entry(dice));
        const auto text = print_entries(entries);
        auto read = parse_entries(text);
        ASSERT_TRUE(read) << text;
        ASSERT_EQ(read->size(), entries.size());
        EXPECT_EQ(print_entries(*read), text);
        for (std::size_t n = 0; n < entries.size(); ++n) EXPECT_TRUE((*read)[n].is_same_as(entries[n]) && (*read)[n].path == entries[n].path);
    }
}

TEST(Entry, a_damaged_line_is_refused_or_reads_back_as_what_it_says) {
    base::Dice dice(2);
    for (int i = 0; i < 3000; ++i) {
        auto line = print_entry(any_entry(dice));
        line.pop_back();
        const auto damaged = dice.damage(line);
        auto read = parse_entry(damaged);
        if (!read) continue;
        auto again = parse_entry(std::string_view(print_entry(*read)).substr(0, print_entry(*read).size() - 1));
        ASSERT_TRUE(again) << damaged;
        EXPECT_TRUE(again->is_same_as(*read) && again->path == read->path);
    }
}

TEST(Entry, each_fact_alone_makes_another_entry_but_its_stamp_does_not) {
    const auto entry = sample();
    using Change = void (*)(Entry&);
    for (Change change : {Change([](Entry& e) { e.kind = Kind::link; }), Change([](Entry& e) { e.mode ^= 1; }), Change([](Entry& e) { e.uid = 1; }), Change([](Entry& e) { e.gid = 1; }),
                          Change([](Entry& e) { e.size = 1; }), Change([](Entry& e) { e.digest = "x"; }), Change([](Entry& e) { e.target = "x"; }), Change([](Entry& e) { e.xattrs = "x"; }),
                          Change([](Entry& e) { e.capability = true; }), Change([](Entry& e) { e.opaque = true; })}) {
        auto other = entry;
        change(other);
        EXPECT_FALSE(other.is_same_as(entry)) << print_entry(other);
    }
    auto younger = entry;
    younger.stamp = {99, 99};
    EXPECT_TRUE(younger.is_same_as(entry));
}

TEST(Word, is_one_word_whatever_is_in_it) {
    base::Dice dice(3);
    std::string bytes;
    for (int c = 0; c < 256; ++c) bytes += static_cast<char>(c);
    for (int i = 0; i < 1000; ++i) {
        const auto text = dice.text(bytes, 12), word = escape_word(text);
        EXPECT_EQ(word.find_first_of(std::string_view(" \n\0", 3)), std::string::npos);
        EXPECT_EQ(unescape_word(word).value(), text);
    }
    for (const char* bad : {"", "%", "%4", "a%4", "%zz", "%4G", "%A0", " ", "a b", "a\n", "\x7f", "\x1b"}) EXPECT_FALSE(unescape_word(bad)) << bad;
}

}  // namespace
}  // namespace vs::guard
