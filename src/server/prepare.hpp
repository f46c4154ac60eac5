#pragma once
// From settings to what a builder and its child need: plans as values, and the strings that must outlive a clone.

#include <memory>

#include "server/guest_child.hpp"
#include "server/network.hpp"
#include "server/registry.hpp"
#include "server/root.hpp"
#include "server/run_state.hpp"

namespace vs::server {

Result<RootPlan> plan_root(const storage::Store& store, const Server& server);

/// The guest's own init.
inline constexpr const char* kGuestInit = "/sbin/init";

/// The init of a start: the guest's own, or vserver-init with its service table.
class PreparedInit {
  public:
    static Result<PreparedInit> make(const Server& server, Purpose purpose);
    /// Points into this object.
    ChildPlan child_plan(const Server& server, const NetworkPlan& network) const;

  private:
    struct Strings;
    std::shared_ptr<Strings> strings_;  // stable addresses for argv and environment
    sys::Fd program_, table_;
    std::vector<PreparedLimit> limits_;
    bool try_guest_init_ = false;
};

}  // namespace vs::server
