#include "storage/store.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <thread>

#include "sys/file.hpp"
#include "sys/scratch_dir.hpp"

namespace vs::storage {
namespace {

class StoreTest : public testing::Test {
  protected:
    Store open() const { return Store::open(path_ + "/state").value(); }

    sys::ScratchDir scratch_;
    const std::string& path_ = scratch_.path();
};

std::vector<std::string> names(const sys::DirFd& dir) { return sys::list_dir(dir).value(); }
using Names = std::vector<std::string>;

TEST_F(StoreTest, is_for_root_only) {
    open();

    EXPECT_EQ(sys::stat_at(sys::kHere, path_ + "/state").value().st_mode & 0777, 0700U);
}

TEST_F(StoreTest, what_is_dropped_is_gone) {
    auto store = open();
    {
        auto staging = Staging::make(store, "x").value();
        ASSERT_TRUE(sys::replace_file(staging.dir(), "file", "1", 0600, sys::Durability::volatile_));
    }

    EXPECT_TRUE(names(store.staging()).empty());
}

TEST_F(StoreTest, what_is_published_is_whole_and_stays) {
    auto store = open();
    {
        auto staging = Staging::make(store, "x").value();
        ASSERT_TRUE(sys::replace_file(staging.dir(), "file", "1", 0600, sys::Durability::volatile_));
        ASSERT_TRUE(staging.publish(store.images(), "final"));
    }

    EXPECT_EQ(sys::read_file(store.images(), "final/file").value(), "1");
    EXPECT_TRUE(names(store.staging()).empty());
}

TEST_F(StoreTest, publishing_never_replaces) {
    auto store = open();
    ASSERT_TRUE(sys::make_dir(store.images(), "final", 0700, sys::IfExists::fail));
    auto staging = Staging::make(store, "x").value();

    EXPECT_FALSE(staging.publish(store.images(), "final"));
}

TEST_F(StoreTest, sweep_takes_what_the_dead_left_and_leaves_the_living) {
    auto store = open();
    auto alive = Staging::make(store, "alive").value();
    ASSERT_TRUE(sys::make_dirs(store.path() + "/staging/dead/tree", 0700));
    ASSERT_TRUE(sys::make_dirs(store.path() + "/trash/half.0123/tree", 0700));
    ASSERT_TRUE(sys::replace_file(store.staging(), "stray", "", 0600, sys::Durability::volatile_));

    auto held = sweep(store);

    ASSERT_TRUE(held);
    EXPECT_EQ(*held, Names{"staging/alive"}) << "and says so";
    EXPECT_EQ(names(store.staging()), Names{"alive"});
    EXPECT_TRUE(names(store.trash()).empty());
}

TEST_F(StoreTest, a_dead_builders_name_is_taken_over_empty) {
    auto store = open();
    ASSERT_TRUE(sys::make_dirs(store.path() + "/staging/x/tree", 0700));

    auto staging = Staging::make(store, "x").value();

    EXPECT_TRUE(names(staging.dir()).empty());
    EXPECT_TRUE(names(store.trash()).empty()) << "nobody else removes what is there";
}

TEST_F(StoreTest, a_second_builder_waits_for_the_first) {
    auto store = open();
    auto first = std::make_unique<Staging>(Staging::make(store, "x").value());
    bool got = false;
    std::thread second([&] {
        auto again = Staging::make(open(), "x");
        got = again.has_value();
    });

    ASSERT_TRUE(first->publish(store.images(), "final"));
    first.reset();
    second.join();

    EXPECT_TRUE(got);
    EXPECT_EQ(names(store.images()), Names{"final"});
}

TEST_F(StoreTest, discard_is_idempotent) {
    auto store = open();
    ASSERT_TRUE(sys::make_dirs(store.path() + "/servers/web1/upper/etc", 0700));

    EXPECT_TRUE(discard(store, store.servers(), "web1"));
    EXPECT_TRUE(discard(store, store.servers(), "web1"));

    EXPECT_TRUE(names(store.servers()).empty());
    EXPECT_TRUE(names(store.trash()).empty());
}

}  // namespace
}  // namespace vs::storage
