#include "log/note.hpp"

#include <gtest/gtest.h>

#include <string>

#include "log/base64.hpp"

namespace vs::log {
namespace {

const Seed kSeed(std::array<std::uint8_t, 32>{1, 2, 3});
const TreeHead kTree{"vserver/web1/00ff", 1234, leaf_hash("x")};

Checkpoint checkpoint() {
    return {.tree = kTree, .segment = 3, .index = 17, .from = 5, .until = 9, .boot = {0xab}, .boottime = 77, .next = kSeed.next().public_key()};
}

TEST(note, a_checkpoint_is_read_as_it_was_written) {
    auto text = signed_note(write_body(checkpoint()), kTree.origin, kSeed);
    auto note = read_note(text.text());
    ASSERT_TRUE(note.has_value());
    EXPECT_EQ(note->all, text.text());
    EXPECT_EQ(note->name, kTree.origin);
    EXPECT_TRUE(is_signed_by(*note, kSeed.public_key()));
    EXPECT_FALSE(is_signed_by(*note, kSeed.next().public_key()));
    auto again = read_checkpoint(note->body);
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(again->index, 17U);
    EXPECT_EQ(again->tree.root, kTree.root);
    EXPECT_EQ(again->next, kSeed.next().public_key());
}

TEST(note, the_last_of_a_segment_names_no_key) {
    auto last = checkpoint();
    last.next.reset();
    const auto body = write_body(last);
    auto again = read_checkpoint(body.text());
    ASSERT_TRUE(again.has_value());
    EXPECT_FALSE(again->next.has_value());
}

TEST(note, an_opening_is_read_as_it_was_written) {
    const Opening opening{kTree, 4, 1000, 65536, 3, kSeed.branch().public_key(), kSeed.next().public_key()};
    const auto body = write_body(opening);
    auto again = read_opening(body.text());
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(again->keep, 3U);
    EXPECT_EQ(again->first, opening.first);
    EXPECT_FALSE(read_checkpoint(write_body(opening).text()).has_value());
}

// The longest that can be: it fits.
TEST(note, the_longest_is_whole) {
    const std::string origin(kMostOrigin, 'x');
    auto longest = checkpoint();
    longest.tree = {origin, UINT64_MAX, kTree.root};
    longest.segment = longest.index = longest.from = longest.until = longest.boottime = UINT64_MAX;
    const auto text = signed_note(write_body(longest), origin, kSeed);
    auto note = read_note(text.text());
    ASSERT_TRUE(note.has_value());
    EXPECT_TRUE(read_checkpoint(note->body).has_value());
    const Opening opening{longest.tree, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, kSeed.public_key(), kSeed.public_key()};
    const auto opened = signed_note(write_body(opening), origin, kSeed);
    auto second = read_note(opened.text());
    ASSERT_TRUE(second.has_value());
    EXPECT_TRUE(read_opening(second->body).has_value());
}

TEST(note, several_follow_each_other) {
    auto one = signed_note(write_body(checkpoint()), kTree.origin, kSeed);
    std::string both = std::string(one.text()) + std::string(one.text());
    auto first = read_note(both);
    ASSERT_TRUE(first.has_value());
    EXPECT_EQ(first->all.size() * 2, both.size());
}

TEST(note, any_changed_byte_is_seen) {
    const std::string text(signed_note(write_body(checkpoint()), kTree.origin, kSeed).text());
    for (std::size_t i = 0; i < text.size(); ++i) {
        auto changed = text;
        changed[i] = static_cast<char>(changed[i] ^ 1);
        auto note = read_note(changed);
        EXPECT_FALSE(note && is_signed_by(*note, kSeed.public_key()) && note->name == kTree.origin && read_checkpoint(note->body)) << i;
    }
}

TEST(note, there_is_one_spelling) {
    const std::string good(write_body(checkpoint()).text());
    for (auto [from, to] : {std::pair{"\n1234\n", "\n01234\n"}, {"time 5 9", "time 5  9"}, {"time 5 9", "time +5 9"}, {"boot ab", "boot AB"}, {"next ", "final\nnext "}}) {
        auto changed = good;
        changed.replace(changed.find(from), std::string_view(from).size(), to);
        EXPECT_FALSE(read_checkpoint(changed).has_value()) << to;
    }
}

TEST(base64, is_strict) {
    std::array<std::uint8_t, 2> two{};
    EXPECT_TRUE(read_base64("//8=", two));
    for (auto wrong : {"//9=", "//8", "//8==", "/=8=", "//8 ", "____"}) EXPECT_FALSE(read_base64(wrong, two)) << wrong;
}

// The step is a hash: nothing of an earlier seed is in a later one, and a signature of the one is none of the other.
TEST(seal, keys_go_on_and_differ) {
    EXPECT_NE(kSeed.next().bytes(), kSeed.branch().bytes());
    EXPECT_NE(kSeed.public_key(), kSeed.next().public_key());
    EXPECT_EQ(kSeed.next().next().public_key(), kSeed.next().next().public_key());
    EXPECT_FALSE(is_signature(kSeed.next().sign("text"), "text", kSeed.public_key()));
    EXPECT_TRUE(is_signature(kSeed.sign("text"), "text", kSeed.public_key()));
}

}  // namespace
}  // namespace vs::log
