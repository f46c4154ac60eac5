#pragma once
// Keeps the services of the table running. It never waits: it says when it next has something to do, and is told who
// ended.

#include <sys/types.h>

#include <array>
#include <chrono>
#include <optional>

#include "model/service_table.hpp"
#include "programs/init/backoff.hpp"
#include "programs/init/console.hpp"

namespace vs::init {

using Clock = std::chrono::steady_clock;
using Instant = Clock::time_point;

class Supervisor {
  public:
    /// The table's bytes, the table and the console outlive us. Every service is due at once.
    Supervisor(const model::ServiceTable& table, Console& console) : table_(table), console_(console) {}

    void start_due(Instant now);
    /// A child of ours ended with this wait status; one that is no service is an orphan and needs nothing more.
    void ended(pid_t child, int status, Instant now);
    [[nodiscard]] std::optional<Instant> next_start() const;

  private:
    enum class State { waiting, running, finished };
    struct Service {
        State state = State::waiting;
        pid_t pid = 0;
        Instant since{};  ///< waiting: when it is due; running: when it started
        Backoff backoff;
    };

    void start(const model::ServiceEntry& entry, Service& service, Instant now);
    void wait_again(const model::ServiceEntry& entry, Service& service, Instant now);

    const model::ServiceTable& table_;
    Console& console_;
    std::array<Service, model::kMostServices> services_{};
};

}  // namespace vs::init
