#pragma once
// The console of one server on disk: console.log, and the two before it, console.log.1 and console.log.2. The bytes
// stand as they came. What could not be written is never passed over: as soon as something can be written again, the
// next line says
//
//     [4096 bytes lost: disk full]
//
// Allocates nothing. Durability: bytes survive the end of this process at once, and a loss of power after settle().

#include <cstdint>
#include <string_view>

namespace vs::recorder {

class ConsoleStore {
  public:
    /// `directory` stays the caller's. A file is finished when the next bytes would make it longer than `limit`; no
    /// single append may be longer than that.
    ConsoleStore(int directory, std::uint64_t limit);
    ~ConsoleStore();
    ConsoleStore(const ConsoleStore&) = delete;
    ConsoleStore& operator=(const ConsoleStore&) = delete;

    /// Written or counted as lost.
    void append(std::string_view bytes);
    /// Tells of a loss if that is possible now, and brings everything to the disk. May take as long as the disk does.
    void settle();
    /// Nothing is left for settle() to do.
    [[nodiscard]] bool is_settled() const { return lost_ == 0 && unsynced_ == 0; }

  private:
    bool open();
    bool rotate();
    bool make_room(std::uint64_t bytes);
    bool tell_loss();
    std::size_t write(std::string_view bytes);
    void sync();

    int directory_;
    std::uint64_t limit_;
    int fd_ = -1;
    std::uint64_t size_ = 0;      ///< of the open file
    std::uint64_t unsynced_ = 0;  ///< bytes that a loss of power could still take
    std::uint64_t lost_ = 0;      ///< bytes that no line has told of yet
    int cause_ = 0;               ///< errno of the last failure
    bool line_ended_ = true;      ///< the last byte on disk was a newline
};

}  // namespace vs::recorder
