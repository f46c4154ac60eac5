// What somebody who has the machine now can do to what was sealed before.

#include <array>
#include <fstream>
#include <string_view>

#include "log/note.hpp"
#include "programs/recorder/sealed_store_fixture.hpp"

namespace vs::recorder {
namespace {

TEST_F(SealedStoreTest, no_byte_of_a_segments_head_is_free) {
    {
        auto store = this->store();
        ASSERT_TRUE(store.open());
        store.append(kConsole, "x");
        store.settle();
    }
    std::fstream stream(file(1, log::kRecordsEnding), std::ios::in | std::ios::out | std::ios::binary);
    for (std::size_t place = 0; place < sizeof(log::SegmentHead); place += 31) {
        stream.seekp(static_cast<std::streamoff>(place)).put('!').flush();
        EXPECT_FALSE(verdict().good()) << place;
        const auto good = place < 8 ? log::SegmentHead().magic[place] : place == 8 ? '\1' : '\0';
        stream.seekp(static_cast<std::streamoff>(place)).put(good).flush();
    }
    expect_good(1);
}

TEST_F(SealedStoreTest, an_old_key_is_nowhere) {
    auto store = this->store();
    ASSERT_TRUE(store.open());
    store.append(kConsole, "x");
    auto state = log().seal()->value();
    store.settle();
    for (const auto& entry : std::filesystem::directory_iterator(path_)) {
        std::ifstream stream(entry.path(), std::ios::binary);
        const std::string bytes{std::istreambuf_iterator<char>(stream), {}};
        std::string_view old(reinterpret_cast<const char*>(state.checkpoint_seed.data()), 32);
        EXPECT_EQ(bytes.find(old), std::string::npos) << entry.path();
    }
}

/// Whoever has the machine now: every file, and the keys that are still there.
class Cracker {
  public:
    explicit Cracker(const std::filesystem::path& path) : path_(path), state(**log::LogDirectory::open(path)->seal()) {}
    void cut(const std::string& file, std::uintmax_t bytes) const { std::filesystem::resize_file(path_ / file, bytes); }
    void write_state() {
        state.check = state.sum();
        std::fstream(path_ / log::kSealFile, std::ios::in | std::ios::out | std::ios::binary)
            .write(reinterpret_cast<const char*>(&state), sizeof state);
    }
    /// With the key that he has.
    void open_segment(log::Opening opening) {
        log::Seed seed(state.opening_seed);
        opening.next = seed.next().public_key();
        opening.first = seed.branch().public_key();
        std::ofstream(path_ / log::kChainFile, std::ios::app) << log::signed_note(log::write_body(opening), state.name(), seed).text();
        state.opening_seed = seed.next().bytes();
        state.checkpoint_seed = seed.branch().bytes();
        state.segment = opening.segment;
    }

  private:
    std::filesystem::path path_;

  public:
    log::SealState state;
};

TEST_F(SealedStoreTest, who_has_the_keys_of_now_cannot_cut_it_and_say_that_the_recorder_was_killed) {
    auto store = this->store();
    ASSERT_TRUE(store.open());
    std::array<std::uintmax_t, 3> records{}, notes{};
    for (std::size_t i = 0; i < records.size(); ++i) {
        store.append(kConsole, "line");
        store.settle();
        records[i] = size(1);
        notes[i] = std::filesystem::file_size(file(1, log::kNotesEnding));
    }
    expect_good(3);
    Cracker cracker(path_);
    cracker.cut(file(1, log::kRecordsEnding), records[1]);
    cracker.cut(file(1, log::kNotesEnding), notes[1]);
    for (std::uint64_t index : {1U, 2U}) {
        cracker.state.index = index;
        cracker.state.size = 2;
        cracker.state.records_end = records[1];
        cracker.state.notes_end = notes[1];
        cracker.write_state();
        EXPECT_FALSE(verdict().good()) << index;
    }
}

TEST_F(SealedStoreTest, who_opens_a_segment_cannot_lie_about_the_one_before_to_have_it_dropped) {
    auto store = this->store();
    ASSERT_TRUE(store.open());
    store.append(kConsole, "evidence");
    store.settle();
    for (std::uint64_t keep : {0U, 1U, 2U}) {
        SCOPED_TRACE(keep);
        std::filesystem::path copy = path_.string() + "-copy";
        std::filesystem::copy(path_, copy);
        Cracker cracker(copy);
        cracker.open_segment({{cracker.state.name(), 1, log::Hash{}}, 2, std::uint64_t{1} << 40, 1 << 20, keep, {}, {}});
        cracker.state.index = 1;
        cracker.write_state();
        for (auto ending : {log::kRecordsEnding, log::kNotesEnding}) std::filesystem::remove(copy / log::segment_name(1, ending).data());
        EXPECT_FALSE(log::verify(*log::LogDirectory::open(copy), key_)->good());
        std::filesystem::remove_all(copy);
    }
}

}  // namespace
}  // namespace vs::recorder
