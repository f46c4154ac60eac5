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

TEST(proof, each_hash_of_a_path_counts_and_none_may_be_missing_or_out_of_its_place) {
    Tree tree{Frontier()};
    for (std::uint64_t i = 0; i < 21; ++i) tree.append(leaf(i));
    const Root root{21, frontier_of(21).root()}, older{13, frontier_of(13).root()};
    const auto inclusion = *tree.inclusion(10, 21), consistency = *tree.consistency(13, 21);
    auto holds = [&](const Path& path, bool is_inclusion) { return is_inclusion ? proves_inclusion(path, {10, leaf(10)}, root) : proves_consistency(path, older, root); };
    for (bool is_inclusion : {true, false}) {
        const auto& path = is_inclusion ? inclusion : consistency;
        ASSERT_TRUE(holds(path, is_inclusion));
        for (std::size_t i = 0; i < path.size(); ++i) {
            auto changed = path, shorter = path, longer = path;
            changed[i][31] ^= 1;
            shorter.erase(shorter.begin() + static_cast<std::ptrdiff_t>(i));
            longer.insert(longer.begin() + static_cast<std::ptrdiff_t>(i), path[i]);
            for (const auto& bad : {changed, shorter, longer}) EXPECT_FALSE(holds(bad, is_inclusion)) << i << is_inclusion;
            if (i == 0) continue;
            auto swapped = path;
            std::swap(swapped[i], swapped[i - 1]);
            EXPECT_FALSE(holds(swapped, is_inclusion)) << i << is_inclusion;
        }
    }
}

TEST(proof, sizes_at_the_edge) {
    const Hash one = leaf(0), other = leaf(1);
    EXPECT_TRUE(proves_inclusion({}, {0, one}, {1, one}));
    EXPECT_FALSE(proves_inclusion({}, {0, one}, {0, one})) << "nothing is in an empty tree";
    EXPECT_FALSE(proves_inclusion({}, {0, one}, {2, one}));
    EXPECT_TRUE(proves_consistency({}, {0, empty_hash()}, {5, one})) << "every tree begins with the empty one";
    EXPECT_FALSE(proves_consistency({one}, {0, empty_hash()}, {5, one}));
    EXPECT_TRUE(proves_consistency({}, {5, one}, {5, one}));
    EXPECT_FALSE(proves_consistency({}, {5, one}, {5, other}));
    EXPECT_FALSE(proves_consistency({one}, {5, one}, {5, one}));
    EXPECT_FALSE(proves_consistency({}, {6, one}, {5, one}));
    EXPECT_FALSE(proves_consistency({}, {3, one}, {5, one})) << "a path that is missing";
    const Tree empty{Frontier()};
    EXPECT_EQ(*empty.root(0), empty_hash());
    EXPECT_FALSE(empty.root(1));
    EXPECT_FALSE(empty.inclusion(0, 0));
    EXPECT_FALSE(empty.consistency(0, 1));
    EXPECT_FALSE(empty.consistency(1, 0));
    EXPECT_FALSE(Frontier::restore(std::uint64_t{1} << (kMostPeaks - 1), std::vector<Hash>{one}));
}

}  // namespace
}  // namespace vs::log
