#pragma once
// Netlink (netlink(7)): rows of messages built as bytes, sent with one system call, and their answers. It is our own because
// Debian has no static libmnl, and because the child between clone and exec can only send bytes that were made before.
//
// A row is not a transaction in rtnetlink: the kernel works through it and answers every message that failed. Only the last
// one is answered when it succeeds, so a row that works costs one send and one receive. (nf_tables rows are transactions.)
//
// Threads: one owner. A socket belongs to the network namespace in which it was opened.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sys/fd.hpp"

namespace vs::sys {

/// A value's own bytes, for fixed headers and attributes.
template <typename T>
std::string_view bytes_of(const T& value) {
    return {reinterpret_cast<const char*>(&value), sizeof value};
}

/// A row of messages. Sizes, padding, nesting and the request for an answer are kept right here.
class MessageRow {
  public:
    /// Starts a message: NLM_F_REQUEST is added to `flags`, `header` is the fixed part behind nlmsghdr, `what` names it in
    /// errors ("route 192.0.2.7 to vs-100-1").
    void begin(std::uint16_t type, std::uint16_t flags, std::string_view header, std::string what);
    void attribute(std::uint16_t type, std::string_view bytes);
    /// With the terminating zero that kernel names want.
    void text(std::uint16_t type, std::string_view value);
    template <typename T>
    void number(std::uint16_t type, T value) { attribute(type, bytes_of(value)); }
    /// An attribute that holds what `body` adds.
    void nested(std::uint16_t type, const std::function<void()>& body);
    /// Bytes as they are, inside an attribute: the fixed header in VETH_INFO_PEER.
    void raw(std::string_view bytes);

    [[nodiscard]] std::size_t count() const { return names_.size(); }
    [[nodiscard]] const std::string& what(std::size_t index) const { return names_[index]; }
    /// Asks for an answer to the last message unless one is asked for already, and numbers the messages from `first_number`.
    /// The row may be sent now.
    const std::vector<char>& finish(std::uint32_t first_number = 1);
    /// Only numbers them: a question is answered anyway.
    const std::vector<char>& number(std::uint32_t first_number);
    /// The message whose answer is the last one.
    [[nodiscard]] std::size_t answered() const { return answered_; }

  private:
    void measure();

    std::vector<char> bytes_;
    std::vector<std::string> names_;
    std::vector<std::size_t> starts_;
    std::size_t answered_ = 0;
    bool wants_answer_ = false;
};

/// One message of a row that the kernel refused.
struct Refusal {
    std::size_t index = 0;  ///< which message
    Error error;            ///< its name, the errno, the kernel's own words where it has some
};

class NetlinkSocket {
  public:
    /// `protocol` is NETLINK_ROUTE or NETLINK_NETFILTER.
    static Result<NetlinkSocket> open(int protocol);
    /// The same in the network of a namespace, or of the process behind a pidfd.
    /// Single-threaded: the process visits that namespace for a moment.
    static Result<NetlinkSocket> open_in(FdRef network, int protocol);

    /// Sends a row; the messages that were refused, in order.
    Result<std::vector<Refusal>> send(MessageRow& row);
    /// Sends a row; the first refusal is the error.
    Result<> run(MessageRow& row);
    /// Sends one question, which is answered by one message or an error; the message, from behind nlmsghdr.
    Result<std::string> ask(MessageRow& row);
    /// Sends one dump request and hands on every answer, from behind nlmsghdr.
    Result<> dump(MessageRow& row, const std::function<void(std::string_view)>& each);

  private:
    NetlinkSocket(SocketFd socket, int protocol) : socket_(std::move(socket)), protocol_(protocol) {}
    Result<> transmit(MessageRow& row);
    Result<> transmit_question(MessageRow& row);
    Result<> put(const std::vector<char>& bytes, std::size_t count);
    Result<std::string_view> receive();
    bool is_final(const MessageRow& row, const Refusal& answer) const;

    SocketFd socket_;
    int protocol_;
    std::uint32_t next_number_ = 1;  ///< answers to an earlier row are told apart by their numbers
    std::uint32_t first_number_ = 1;
    std::unique_ptr<char[]> buffer_;
};

struct Attribute {
    std::uint16_t type;
    std::string_view payload;
};
/// The first of them, which is taken off `attributes`; nullopt at their end.
std::optional<Attribute> take_attribute(std::string_view& attributes);
/// The payload of the first attribute of a type among `attributes`.
std::optional<std::string_view> find_attribute(std::string_view attributes, std::uint16_t type);
/// The same as a number of the host's byte order.
std::optional<std::uint32_t> find_number(std::string_view attributes, std::uint16_t type);

/// What follows a fixed header of type T in a message.
template <typename T>
std::string_view attributes_behind(std::string_view message) {
    constexpr std::size_t kPadded = (sizeof(T) + 3) & ~std::size_t{3};
    return message.size() < kPadded ? std::string_view{} : message.substr(kPadded);
}

namespace raw {

/// Opens a NETLINK_ROUTE socket in the namespace we are in, sends a finished row and reads the answers up to the last.
/// 0, or the negative errno of the first refusal.
/// Fork-safety: async-signal-safe; allocates nothing.
int send_route_row(const char* bytes, std::size_t size) noexcept;

}  // namespace raw

}  // namespace vs::sys
