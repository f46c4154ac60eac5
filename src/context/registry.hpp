#pragma once
// Contexts to which root gave a number or a name: one small file each below /run/vservers/.contexts, one lock for all of them. A
// context's file goes with its last process; one whose first process is gone is nobody's and is removed by the next who looks.
//
// Who may: root only, like all of /run/vservers. A record is believed only where its first process has the start time noted
// and the record was made in our own PID namespace: elsewhere the same pid is somebody else.

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "context/area.hpp"
#include "model/capability_set.hpp"
#include "sys/fd.hpp"

namespace vs::context {

inline constexpr std::uint64_t kSpectator = 1;            ///< sees everything and touches nothing (spectator in context.hpp)
inline constexpr std::uint64_t kFirstServer = 100;        ///< model::ServerNumber: 100 to 4195 are virtual servers
inline constexpr std::uint64_t kLastServer = 4195;
inline constexpr std::uint64_t kFirstFree = 4196;         ///< what a context with only a name gets
inline constexpr std::uint64_t kLastNumber = 999'999;     ///< above are those that the kernel numbers

struct Record {
    std::uint64_t number = 0;
    std::string name{};
    pid_t init = 0;
    std::uint64_t init_start = 0;
    std::uint64_t home = 0;        ///< the PID namespace in which `init` is a number
    std::uint64_t processes = 0;   ///< the context's own PID namespace
    Areas areas = 0;
    Flags flags = 0;
    model::CapabilitySet keep;
    bool no_new_privileges = false;
};

std::string print_record(const Record& record);
Result<Record> parse_record(std::string_view text);

/// What `--ctx` says. Code::usage for what is neither a number that may be chosen nor a name.
struct Choice {
    std::uint64_t number = 0;  ///< 0: by name
    std::string name{};
};
Result<Choice> parse_choice(std::string_view text);

class Registry {
  public:
    /// Waits for the lock and removes what is dead.
    static Result<Registry> open();
    [[nodiscard]] const std::vector<Record>& records() const { return records_; }
    [[nodiscard]] const Record* find(const Choice& choice) const;
    /// Code::busy where every number is taken.
    [[nodiscard]] Result<std::uint64_t> free_number() const;
    Result<> add(const Record& record);
    static std::string path_of(std::uint64_t number);

  private:
    sys::DirFd dir_;
    sys::Fd lock_;
    std::vector<Record> records_;
};

/// Those that live, without waiting for anybody. None where we may not look.
std::vector<Record> living_records();

}  // namespace vs::context
