// SPDX-License-Identifier: LGPL-2.1-or-later
#ifndef VSERVER_VSERVER_HPP
#define VSERVER_VSERVER_HPP
// The C++ face of libvserver: header only, C++17, no exceptions. Everything it does is a call of vserver.h.

#include <vserver/vserver.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace vserver {

/// A number of the library's, or the sentence of its failure.
class outcome {
  public:
    explicit outcome(int value) : value_(value), message_(value < 0 ? vserver_message() : "") {}
    [[nodiscard]] bool failed() const { return value_ < 0; }
    [[nodiscard]] int value() const { return value_; }  ///< a negative errno where it failed
    [[nodiscard]] const std::string& message() const { return message_; }

  private:
    int value_;
    std::string message_;
};

/// A context to be: say what it is, then run commands in it.
class context {
  public:
    /// "proc,ipc". A wrong word is the failure of run().
    context& areas(const std::string& list) {
        raw_.areas = 0;
        for (std::size_t at = 0; at <= list.size();) {
            const auto end = std::min(list.find(',', at), list.size());
            const int bit = vserver_area(list.substr(at, end - at).c_str());
            if (bit < 0) wrong_ = outcome(bit);
            else raw_.areas |= static_cast<std::uint32_t>(bit);
            at = end + 1;
        }
        return *this;
    }
    context& flags(std::uint32_t bits) { return raw_.flags = bits, *this; }
    context& keep(std::uint64_t capabilities) { return raw_.capabilities = capabilities, *this; }
    context& name(std::string text) { return name_ = std::move(text), *this; }
    context& hostname(std::string text) { return hostname_ = std::move(text), *this; }

    /// Runs a command and waits: its exit status as a shell has it.
    [[nodiscard]] outcome run(std::vector<std::string> command) {
        if (wrong_.failed()) return wrong_;
        raw_.name = name_.empty() ? nullptr : name_.c_str();
        raw_.hostname = hostname_.empty() ? nullptr : hostname_.c_str();
        std::vector<char*> argv;
        for (auto& word : command) argv.push_back(word.data());
        argv.push_back(nullptr);
        return outcome(vserver_run_command(&raw_, argv.data()));
    }

  private:
    vserver_context raw_ = VSERVER_INIT_CONTEXT;
    std::string name_, hostname_;
    outcome wrong_{0};
};

/// Lowers the caller's own ceiling.
inline outcome set_ceiling(std::uint64_t capabilities, std::uint32_t flags = 0) {
    vserver_ceiling ceiling = VSERVER_INIT_CEILING;
    ceiling.capabilities = capabilities;
    ceiling.flags = flags;
    return outcome(vserver_set_ceiling(&ceiling));
}

}  // namespace vserver

#endif
