#include "programs/recorder/console_store.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace vs::recorder {
namespace {

class ConsoleStoreTest : public testing::Test {
  protected:
    ConsoleStoreTest() {
        std::string pattern = testing::TempDir() + "console-XXXXXX";
        path_ = ::mkdtemp(pattern.data());
        directory_ = ::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }
    ~ConsoleStoreTest() override {
        ::close(directory_);
        std::filesystem::remove_all(path_);
    }
    std::string read(const std::string& name) const {
        std::stringstream text;
        text << std::ifstream(path_ / name).rdbuf();
        return text.str();
    }
    /// Everything that is kept, oldest first.
    std::string everything() const { return read("console.log.2") + read("console.log.1") + read("console.log"); }

    std::filesystem::path path_;
    int directory_ = -1;
};

/// While it lives, files of this process cannot grow beyond `bytes`: a disk that is full.
class SmallDisk {
  public:
    explicit SmallDisk(rlim_t bytes) {
        ::signal(SIGXFSZ, SIG_IGN);
        ::getrlimit(RLIMIT_FSIZE, &before_);
        rlimit small{bytes, before_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &small);
    }
    ~SmallDisk() { ::setrlimit(RLIMIT_FSIZE, &before_); }
    SmallDisk(const SmallDisk&) = delete;
    SmallDisk& operator=(const SmallDisk&) = delete;

  private:
    rlimit before_{};
};

TEST_F(ConsoleStoreTest, keeps_bytes_as_they_come) {
    const std::string bytes("one\r\n\0\xff\x1b[2J two", 16);
    ConsoleStore store(directory_, 100);
    store.append(bytes);
    EXPECT_EQ(read("console.log"), bytes);
    EXPECT_FALSE(store.is_settled());
    store.settle();
    EXPECT_TRUE(store.is_settled());
}

TEST_F(ConsoleStoreTest, goes_on_where_an_earlier_one_was_killed) {
    { ConsoleStore(directory_, 100).append("first "); }
    ConsoleStore(directory_, 100).append("second");
    EXPECT_EQ(read("console.log"), "first second");
}

TEST_F(ConsoleStoreTest, keeps_two_files_before_the_current_one) {
    ConsoleStore store(directory_, 4);
    for (auto bytes : {"aaaa", "bb", "bb", "cccc", "dddd", "e"}) store.append(bytes);
    EXPECT_EQ(read("console.log.2"), "cccc");
    EXPECT_EQ(read("console.log.1"), "dddd");
    EXPECT_EQ(read("console.log"), "e");
    EXPECT_FALSE(std::filesystem::exists(path_ / "console.log.3"));
}

TEST_F(ConsoleStoreTest, no_file_becomes_longer_than_its_limit) {
    ConsoleStore store(directory_, 10);
    for (int i = 0; i < 20; ++i) store.append("seven b");
    for (auto name : {"console.log", "console.log.1", "console.log.2"}) EXPECT_LE(read(name).size(), 10U);
}

TEST_F(ConsoleStoreTest, finishes_a_rotation_that_was_cut_short) {
    std::ofstream(path_ / "console.log") << "current";
    std::ofstream(path_ / "console.log.2") << "previous";  // moved, and then the process was killed
    ConsoleStore store(directory_, 8);
    store.append("next");
    EXPECT_EQ(everything(), "previouscurrentnext");
}

TEST_F(ConsoleStoreTest, tells_how_much_a_full_disk_took) {
    ConsoleStore store(directory_, 1000);
    {
        SmallDisk disk(8);
        store.append("12345");
        store.append("67890");
        store.append("never");
        store.settle();
        EXPECT_EQ(read("console.log"), "12345678");
        EXPECT_FALSE(store.is_settled());
    }
    store.append("again\n");
    EXPECT_EQ(read("console.log"), "12345678\n[7 bytes lost: write error]\nagain\n");
    store.settle();
    EXPECT_TRUE(store.is_settled());
}

TEST_F(ConsoleStoreTest, tells_of_a_loss_without_waiting_for_more) {
    ConsoleStore store(directory_, 1000);
    {
        SmallDisk disk(5);
        store.append("line\n");
        store.append("lost\n");
    }
    store.settle();
    EXPECT_EQ(read("console.log"), "line\n[5 bytes lost: write error]\n");
    EXPECT_TRUE(store.is_settled());
}

TEST_F(ConsoleStoreTest, never_leaves_half_a_note_of_loss) {
    ConsoleStore store(directory_, 1000);
    {
        SmallDisk disk(5);
        store.append("line\nlost\n");
    }
    {
        SmallDisk disk(20);  // room for a part of the note
        store.settle();
        EXPECT_EQ(read("console.log"), "line\n");
    }
    store.settle();
    EXPECT_EQ(read("console.log"), "line\n[5 bytes lost: write error]\n");
}

TEST_F(ConsoleStoreTest, counts_everything_while_there_is_no_directory_entry_to_be_had) {
    std::filesystem::create_directory(path_ / "console.log");
    ConsoleStore store(directory_, 1000);
    store.append("gone");
    store.append("gone");
    std::filesystem::remove(path_ / "console.log");
    store.settle();
    EXPECT_EQ(read("console.log"), "[8 bytes lost: write error]\n");
}

TEST_F(ConsoleStoreTest, follows_no_link) {
    std::filesystem::create_symlink("elsewhere", path_ / "console.log");
    ConsoleStore store(directory_, 1000);
    store.append("secret");
    EXPECT_FALSE(std::filesystem::exists(path_ / "elsewhere"));
    EXPECT_FALSE(store.is_settled());
}

}  // namespace
}  // namespace vs::recorder
