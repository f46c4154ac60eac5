#pragma once
// A store of a recorder for unit tests: a log of its own, with its key.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "log/machine.hpp"
#include "log/verify.hpp"
#include "programs/recorder/sealed_store.hpp"

namespace vs::recorder {

inline constexpr Sender kConsole{.source = log::Source::console};
inline constexpr log::BootId kBoot{1, 2, 3};
inline constexpr log::Limits kRoomy{1 << 20, 3};

class SealedStoreTest : public testing::Test {
  protected:
    SealedStoreTest() {
        // In memory where there is such a place: most of a test on a disk is waiting for it.
        std::string pattern = (std::filesystem::exists("/dev/shm") ? "/dev/shm/" : testing::TempDir()) + "store-XXXXXX";
        path_ = ::mkdtemp(pattern.data());
        directory_ = sys::DirFd(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        log::Seed seed(std::array<std::uint8_t, 32>{7});
        key_ = seed.public_key();
        EXPECT_TRUE(log::make_log({"vserver/test/00", ::getuid()}, directory_, seed));
    }
    ~SealedStoreTest() override { std::filesystem::remove_all(path_); }

    SealedStore store(log::Limits limits = kRoomy) const { return {directory_.get(), limits, kBoot}; }
    std::string file(std::uint64_t segment, std::string_view ending) const { return path_ / log::segment_name(segment, ending).data(); }
    std::uintmax_t size(std::uint64_t segment) const { return std::filesystem::file_size(file(segment, log::kRecordsEnding)); }
    log::LogDirectory log() const { return *log::LogDirectory::open(path_); }

    log::Verdict verdict() const {
        auto verdict = log::verify(log(), key_);
        EXPECT_TRUE(verdict.has_value());
        return *verdict;
    }
    void expect_good(std::uint64_t sealed) const {
        auto found = verdict();
        for (const auto& finding : found.findings) ADD_FAILURE() << log::describe(finding);
        EXPECT_EQ(found.sealed, sealed);
    }
    /// All text that is kept, with what is lost in between as "<7 lost>".
    std::string text() const {
        std::string text;
        const auto segments = log().segments();
        for (auto segment : *segments) {
            const auto file = log().records(segment);
            std::string_view bytes = std::string_view(*file).substr(sizeof(log::SegmentHead));
            while (auto record = log::read_record(bytes).record) {
                auto gap = record->head.kind == log::Kind::gap ? log::read_gap(record->payload) : std::nullopt;
                auto found = record->head.kind == log::Kind::found ? log::read_found(record->payload) : std::nullopt;
                if (found) text += "<found " + std::to_string(found->records) + ">";
                else text += gap ? "<" + std::to_string(gap->bytes) + " lost>" : std::string(record->payload);
                bytes.remove_prefix(*log::record_length(bytes));
            }
        }
        return text;
    }

    std::filesystem::path path_;
    sys::DirFd directory_;
    log::PublicKey key_{};
};

}  // namespace vs::recorder
