#include "log/proof.hpp"

#include <gtest/gtest.h>

#include "log/note.hpp"

namespace vs::log {
namespace {

std::string hex(const Hash& hash) { return std::string(NoteText().add_hex(hash).text()); }
Hash leaf(std::uint64_t i) { return leaf_hash("record " + std::to_string(i)); }

Frontier frontier_of(std::uint64_t size) {
    Frontier frontier;
    for (std::uint64_t i = 0; i < size; ++i) frontier.append(leaf(i));
    return frontier;
}

// The test vectors that RFC 6962 implementations share (certificate-transparency, merkletree tests).
TEST(frontier, has_the_roots_that_others_compute) {
    const std::vector<std::string> leaves{"", std::string(1, '\0'), "\x10", "\x20\x21", "\x30\x31", "\x40\x41\x42\x43",
                                          "\x50\x51\x52\x53\x54\x55\x56\x57", "\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f"};
    Frontier tree;
    EXPECT_EQ(hex(tree.root()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    for (const auto& bytes : leaves) tree.append(leaf_hash(bytes));
    EXPECT_EQ(hex(tree.root()), "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328");
}

TEST(frontier, can_be_kept_and_restored_at_any_size) {
    for (std::uint64_t size : {0U, 1U, 2U, 3U, 7U, 8U, 100U}) {
        auto whole = frontier_of(size);
        auto again = Frontier::restore(size, whole.peaks());
        ASSERT_TRUE(again.has_value());
        again->append(leaf(size));
        EXPECT_EQ(again->root(), frontier_of(size + 1).root());
    }
    EXPECT_FALSE(Frontier::restore(3, frontier_of(1).peaks()).has_value());
}

TEST(proof, each_leaf_is_in_each_tree_and_no_other) {
    Tree tree{Frontier()};
    for (std::uint64_t size = 1; size <= 33; ++size) {
        tree.append(leaf(size - 1));
        Root root{size, frontier_of(size).root()};
        EXPECT_EQ(tree.root(size), root.hash);
        for (std::uint64_t i = 0; i < size; ++i) {
            auto path = tree.inclusion(i, size);
            ASSERT_TRUE(path.has_value());
            EXPECT_TRUE(proves_inclusion(*path, {i, leaf(i)}, root));
            EXPECT_FALSE(proves_inclusion(*path, {i, leaf(i + 1)}, root));
            EXPECT_FALSE(proves_inclusion(*path, {i + 1, leaf(i)}, root));
            auto longer = *path;
            longer.push_back(leaf(0));
            EXPECT_FALSE(proves_inclusion(longer, {i, leaf(i)}, root));
        }
    }
    EXPECT_FALSE(tree.inclusion(33, 33).has_value());
}

TEST(proof, each_tree_begins_with_each_smaller_one) {
    Tree tree{Frontier()};
    for (std::uint64_t i = 0; i < 33; ++i) tree.append(leaf(i));
    for (std::uint64_t size = 1; size <= 33; ++size) {
        Root newer{size, *tree.root(size)};
        for (std::uint64_t old = 1; old <= size; ++old) {
            auto path = tree.consistency(old, size);
            ASSERT_TRUE(path.has_value());
            EXPECT_TRUE(proves_consistency(*path, {old, *tree.root(old)}, newer)) << old << " of " << size;
            EXPECT_FALSE(proves_consistency(*path, {old, leaf(99)}, newer));
            if (old < size) {
                EXPECT_FALSE(proves_consistency(*path, {old, *tree.root(old)}, {size, leaf(99)}));
                EXPECT_FALSE(proves_consistency(*path, newer, {old, *tree.root(old)}));
            }
        }
    }
}

TEST(proof, needs_of_dropped_records_only_their_subtrees) {
    for (std::uint64_t dropped : {1U, 5U, 8U, 21U}) {
        Tree tree(frontier_of(dropped));
        for (std::uint64_t i = dropped; i < 50; ++i) tree.append(leaf(i));
        Root root{50, frontier_of(50).root()};
        for (std::uint64_t i = dropped; i < 50; ++i) {
            auto path = tree.inclusion(i, 50);
            ASSERT_TRUE(path.has_value());
            EXPECT_TRUE(proves_inclusion(*path, {i, leaf(i)}, root));
        }
        auto path = tree.consistency(dropped, 50);
        ASSERT_TRUE(path.has_value());
        EXPECT_TRUE(proves_consistency(*path, {dropped, frontier_of(dropped).root()}, root));
        EXPECT_EQ(tree.inclusion(0, 50).has_value(), dropped == 1);  // one leaf is a complete subtree
    }
}

}  // namespace
}  // namespace vs::log
