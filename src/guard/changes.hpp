#pragma once
// Which servers something has changed in, and which processes did it, out of file events. The names in them are a stranger's choice, so
// vserver-onlooker reads them, and the watch hears of servers and numbers alone. No I/O.
//
// To the watch:   "lost", or a server and at most three pids: "web1 4711 4712"
// To the reader:  "web1", and a line for each rule of what is expected in it: "3 /tmp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "guard/policy.hpp"
#include "sys/fanotify.hpp"

namespace vs::guard {

class Changes {
  public:
    /// `servers` is the directory that has theirs.
    explicit Changes(std::string_view servers) : own_(fmt::format("{}/", servers)) {}

    void take(const sys::FileWatch::Batch& batch);
    Result<> expect(std::string_view message);
    /// What the watch is to hear; nullopt where it has heard all.
    [[nodiscard]] std::optional<std::string> next() const;
    /// It has heard what `next` said.
    void said();

  private:
    void take(const sys::FileEvent& event);
    [[nodiscard]] bool is_dull(const std::string& name, const std::string& path, sys::FileChange change) const;

    std::string own_;
    bool lost_ = false;
    std::map<std::string, std::set<pid_t>> changed_;
    std::map<std::string, Policy, std::less<>> policies_;
};

/// What a message to the watch says. Strict: its writer read hostile data.
struct Changed {
    std::string server;  ///< empty: events were lost
    std::vector<pid_t> who;
};
Result<Changed> parse_changed(std::string_view message);

/// The last message of a reader that cannot go on: parse_changed gives it back as an error.
std::string print_failure(const Error& error);

std::string print_expectations(std::string_view server, const std::vector<Rule>& rules);

}  // namespace vs::guard
