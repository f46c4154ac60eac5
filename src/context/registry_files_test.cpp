// Contexts as files below /run: which are believed, and what becomes of the others.

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/dice.hpp"
#include "context/registry.hpp"
#include "model/paths.hpp"
#include "sys/file.hpp"
#include "sys/own_namespaces.hpp"
#include "sys/process.hpp"
#include "sys/raw_mount.hpp"

namespace vs::context {
namespace {

const std::string kDirectory = model::paths::kRun + "/.contexts";

/// One that lives for as long as this process.
Record living(std::uint64_t number, const std::string& name = "") {
    return {.number = number, .name = name, .init = ::getpid(), .init_start = sys::start_time(::getpid()).value(), .home = sys::raw::pid_namespace(), .processes = number, .keep = {}};
}

std::vector<std::uint64_t> numbers(const std::vector<Record>& records) {
    std::vector<std::uint64_t> found;
    for (const auto& record : records) found.push_back(record.number);
    return found;
}
using Numbers = std::vector<std::uint64_t>;

TEST(ContextRegistry, is_roots_alone_and_empty_at_first) {
    sys::on_empty_machine([] {
        EXPECT_TRUE(living_records().empty()) << "nothing is made by who only looks";
        EXPECT_FALSE(sys::exists(sys::kHere, kDirectory).value());
        EXPECT_TRUE(Registry::open()->records().empty());
        EXPECT_EQ(sys::stat_at(sys::kHere, kDirectory)->st_mode & 07777, 0700U);
    });
}

TEST(ContextRegistry, one_is_found_by_its_number_or_its_name) {
    sys::on_empty_machine([] {
        {
            auto registry = Registry::open().value();
            ASSERT_TRUE(registry.add(living(7)) && registry.add(living(4200, "web")));
        }
        auto registry = Registry::open().value();
        EXPECT_EQ(registry.find({.number = 7})->number, 7U);
        EXPECT_EQ(registry.find({.name = "web"})->number, 4200U);
        EXPECT_EQ(registry.find({.number = 8}), nullptr);
        EXPECT_EQ(registry.find({.name = "wen"}), nullptr);
        EXPECT_EQ(living_records().size(), 2U) << "without waiting for who has the lock";
    });
}

TEST(ContextRegistry, who_is_dead_or_somebody_else_by_now_is_removed_and_who_cannot_be_judged_is_not) {
    sys::on_empty_machine([] {
        {
            auto registry = Registry::open().value();
            auto dead = living(8), another = living(9), elsewhere = living(10);
            dead.init = 0x7ffffff0;
            ++another.init_start;
            elsewhere.init = 0x7ffffff0;
            ++elsewhere.home;
            for (const auto& record : {living(7), dead, another, elsewhere}) ASSERT_TRUE(registry.add(record));
        }
        EXPECT_EQ(numbers(living_records()), (Numbers{10, 7}));
        EXPECT_EQ(numbers(Registry::open()->records()), (Numbers{10, 7}));
        EXPECT_FALSE(sys::exists(sys::kHere, Registry::path_of(8)).value());
        EXPECT_FALSE(sys::exists(sys::kHere, Registry::path_of(9)).value());
    });
}

TEST(ContextRegistry, a_damaged_record_is_nobodys) {
    sys::on_empty_machine([] {
        base::Dice dice(1);
        const auto whole = print_record(living(7, "web"));
        for (int i = 0; i < 100; ++i) {
            ASSERT_TRUE(sys::make_dirs(kDirectory, 0700));
            auto dir = sys::open_dir(sys::kHere, kDirectory).value();
            ASSERT_TRUE(sys::replace_file(dir, "7", dice.damage(whole), 0600, sys::Durability::volatile_));
            auto registry = Registry::open().value();
            EXPECT_LE(registry.records().size(), 1U);
            EXPECT_EQ(sys::exists(dir, "7").value(), registry.records().size() == 1);
        }
    });
}

TEST(ContextRegistry, the_lowest_free_number_is_beyond_the_servers) {
    sys::on_empty_machine([] {
        {
            auto registry = Registry::open().value();
            EXPECT_EQ(registry.free_number().value(), kFirstFree);
            for (auto number : {kFirstFree, kFirstFree + 1, kFirstFree + 3}) ASSERT_TRUE(registry.add(living(number)));
        }
        EXPECT_EQ(Registry::open()->free_number().value(), kFirstFree + 2);
    });
}

TEST(ContextRecord, every_record_reads_back) {
    base::Dice dice(2);
    for (int i = 0; i < 300; ++i) {
        const Record record{.number = dice.any(), .name = dice.text("ab-_ 09", 20), .init = static_cast<pid_t>(dice.below(1 << 22)), .init_start = dice.any(), .home = dice.any(),
                            .processes = dice.any(), .areas = static_cast<Areas>(dice.below(128)), .flags = static_cast<Flags>(dice.below(64)),
                            .keep = model::CapabilitySet::from_bits(dice.any() & ((1ULL << 41) - 1)), .no_new_privileges = dice.toss()};
        auto read = parse_record(print_record(record));
        ASSERT_TRUE(read) << print_record(record);
        EXPECT_EQ(print_record(*read), print_record(record));
    }
}

TEST(ContextRecord, numbers_that_do_not_fit_are_refused) {
    for (const char* line : {"init 4294967297", "init 2147483648", "areas 4294967296", "flags 4294967296", "number 18446744073709551616"}) {
        auto text = print_record(living(7));
        const auto key = std::string(line).substr(0, std::string(line).find(' ') + 1);
        const auto begin = text.starts_with(key) ? 0 : text.find("\n" + key) + 1;
        text.replace(begin, text.find('\n', begin) - begin, line);
        EXPECT_FALSE(parse_record(text)) << line;
    }
}

}  // namespace
}  // namespace vs::context
