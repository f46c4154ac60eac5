#pragma once
// vserver-onlooker as it reads file events for the watch: a user of its own, whose one right is to ask for the name of a directory that an
// event has as a number. It opens nothing.

#include <string>

#include "guard/changes.hpp"
#include "sys/clone.hpp"

namespace vs::guard {

/// What it finds at these numbers.
inline constexpr int kEventGroup = 3, kEventMount = 4, kEventSocket = 5;
/// Its user and group: nobody else's, behind the ids that helpers are mapped to.
inline constexpr std::uint32_t kReaderId = 0x6ff10000U;

class EventReader {
  public:
    static Result<EventReader> start(const sys::FileWatch& files, const std::string& servers);
    EventReader(EventReader&&) noexcept = default;
    EventReader(const EventReader&) = delete;
    EventReader& operator=(EventReader&&) = delete;
    EventReader& operator=(const EventReader&) = delete;
    ~EventReader();

    /// Readable when there is something to hear, and when it has ended.
    [[nodiscard]] sys::FdRef fd() const { return socket_; }
    /// Code::busy where it has ended, with how.
    Result<Changed> hear() const;
    Result<> expect(const std::string& server, const std::vector<Rule>& rules) const { return sys::send_message(socket_, print_expectations(server, rules)); }

  private:
    EventReader(sys::SocketFd socket, sys::PidFd process) : socket_(std::move(socket)), process_(std::move(process)) {}
    sys::SocketFd socket_;
    sys::PidFd process_;
};

}  // namespace vs::guard
