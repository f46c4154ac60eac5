#include "context/report_text.hpp"

#include <cerrno>

#include "context/context.hpp"
#include "sys/call.hpp"

namespace vs::context {

namespace {

std::string_view step_text(Step step) {
    switch (step) {
        case Step::none: break;
        case Step::groups: return "join the control groups of the context";
        case Step::join: return "join the context";
        case Step::identity: return "become a user that owns nothing";
        case Step::map_ids: return "map the ids of the context";
        case Step::private_mounts: return "make its mounts private";
        case Step::old_mounts: return "take away what is mounted outside";
        case Step::view: return "hide the outside";
        case Step::host_name: return "set its host name";
        case Step::domain_name: return "set its domain name";
        case Step::clocks: return "set its clocks";
        case Step::lock_mounts: return "lock its mounts";
        case Step::limits: return "fix its limits";
        case Step::keyring: return "give it a keyring";
        case Step::filter: return "load its filter of system calls";
        case Step::ceiling: return "lower its ceiling";
        case Step::descriptors: return "close the ways out among its descriptors";
        case Step::session: return "give it a session";
        case Step::fork: return "fork its command";
        case Step::reaper: return "start its reaper";
        case Step::command: return kCannotRun;
    }
    return "make the context";
}

/// Nothing in a report is trusted: who sends it may be traced by others inside.
std::string detail(const Report& report, const ChildPlan& plan) {
    switch (report.step) {
        case Step::view:
            if (plan.view == nullptr || report.index >= plan.view->size()) break;
            return fmt::format("{} on '{}'", (*plan.view)[report.index].type, (*plan.view)[report.index].path);
        case Step::reaper: return fmt::format("'{}'", plan.reaper);
        case Step::command: return fmt::format("'{}'", plan.argv[0]);
        case Step::descriptors:
            if (report.errno_value == EISDIR) return "standard input, output or error is a directory or a namespace of the outside";
            break;
        default: break;
    }
    return std::string(step_text(report.step));
}

}  // namespace

Error report_error(const Report& report, const ChildPlan& plan) {
    if (report.step == Step::ceiling && !report.ceiling.ok()) return base::with_context(ceiling_error(report.ceiling), "lower its ceiling");
    // A user may mount a /proc of his own only where the whole of one is in sight (mount_too_revealing() in fs/namespace.c).
    if (report.step == Step::view && report.errno_value == EPERM && plan.rights == Rights::user)
        return {Code::unsupported, EPERM, fmt::format("this machine lets no ordinary user mount {} ({}): parts of it are masked", detail(report, plan), "EPERM"), {}};
    auto error = sys::error_from(report.errno_value, detail(report, plan));
    return base::with_context(std::move(error), std::string(step_text(report.step)));
}

Error clone_error(const Error& error, Rights rights) {
    if (rights == Rights::user && (error.errno_value == EPERM || error.errno_value == ENOSPC || error.errno_value == EUSERS))
        return {Code::unsupported, error.errno_value, "this machine lets ordinary users make no contexts: see user.max_user_namespaces in sysctl(8)", {}};
    return base::with_context(error, "make the context");
}

}  // namespace vs::context
