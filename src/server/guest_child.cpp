#include "server/guest_child.hpp"

#include <linux/sched.h>

#include <array>
#include <cerrno>

#include "server/network_view.hpp"
#include "sys/call.hpp"
#include "sys/netlink.hpp"
#include "sys/landlock.hpp"
#include "sys/process.hpp"
#include "sys/raw.hpp"

namespace vs::server {

namespace {

namespace raw = sys::raw;

// In the order of ChildStep.
constexpr std::array kStepTexts = {
    "reset its signals",        "join its version 1 control groups", "wait for its id map",
    "become root of its user namespace", "make its namespaces",      "announce its namespaces",
    "set its host and domain name", "make its keyring",              "close the abstract sockets of the host",
    "load its system call filter", "wait for its network",           "configure its network",
    "receive its root",         "enter its root",                    "make its mount namespace",
    "take its console",         "lower its capability ceiling",      "announce its init",
    "execute its init",
};
static_assert(kStepTexts.size() == static_cast<std::size_t>(ChildStep::exec_init) + 1);

/// Carries the child through its steps; the first failure is sent and ends it.
class Child {
  public:
    Child(const ChildPlan& plan, int builder, int command) : plan_(plan), builder_(builder), command_(command) {}

    [[noreturn]] void run() {
        begin();
        make_namespaces();
        set_identity();
        filter_calls();
        configure_network();
        take_terminal(enter_root());
        lower_ceiling();
        execute();
    }

  private:
    /// What needs no id comes first: with a moment's work of its own it need not sleep until its ids are there.
    void begin() {
        check(ChildStep::reset_signals, raw::reset_signals());
        for (int tasks : plan_.v1_tasks) check(ChildStep::join_cgroup, raw::join_cgroup1(tasks));
        char byte = 0;
        expect(ChildStep::wait_for_maps, raw::receive_bytes(builder_, &byte, 1));
        check(ChildStep::become_root, raw::become_root());
    }

    void make_namespaces() {
        // After the joins, or /proc/self/cgroup would show paths outside of the namespace.
        std::uint64_t network = plan_.own_network ? CLONE_NEWNET : 0;
        check(ChildStep::unshare_namespaces, raw::unshare(CLONE_NEWCGROUP | network));
        for (int other : {command_, builder_}) check(ChildStep::announce_namespaces, raw::send_bytes(other, "n", 1));
    }

    void set_identity() {
        sys::set_umask(022);  // as the kernel gives it to the first process of a machine; the builder has none
        check(ChildStep::set_names, raw::set_host_name(plan_.host_name.data(), plan_.host_name.size()));
        check(ChildStep::set_names, raw::set_domain_name(plan_.domain_name.data(), plan_.domain_name.size()));
        check(ChildStep::make_keyring, raw::join_new_session_keyring());
    }

    /// Before the ceiling is lowered: without no_new_privs it needs a capability that may go then. What we call from here on,
    /// every server may call.
    void filter_calls() {
        if (plan_.scope_sockets) check(ChildStep::scope_sockets, sys::scope_abstract_sockets_raw());
        const int listener = confine_calls_raw(plan_.filter, plan_.view);
        check(ChildStep::load_filter, listener);
        if (plan_.view >= 0) check(ChildStep::load_filter, raw::send_fds(builder_, &listener, 1));  // for its keeper
    }

    void configure_network() {
        char byte = 0;
        expect(ChildStep::wait_for_network, raw::receive_bytes(command_, &byte, 1));
        if (plan_.own_network) check(ChildStep::configure_network, raw::send_route_row(plan_.network_row.data(), plan_.network_row.size()));
    }

    int enter_root() {
        int received[2] = {-1, -1};  // root, terminal
        check(ChildStep::receive_root, raw::receive_fds(builder_, received, 2));
        check(ChildStep::enter_root, raw::change_root(received[0]));
        // The copy belongs to our user namespace, so every mount in it is locked from here on.
        check(ChildStep::unshare_mounts, raw::unshare(CLONE_NEWNS));
        return received[1];
    }

    void take_terminal(int terminal) {
        check(ChildStep::take_terminal, raw::take_terminal(terminal));
        check(ChildStep::take_terminal, raw::use_as_standard(terminal));
    }

    void lower_ceiling() {
        auto outcome = context::apply_ceiling_raw(plan_.ceiling);
        if (!outcome.ok()) give_up({ChildStep::lower_ceiling, outcome, outcome.errno_value});
    }

    [[noreturn]] void execute() {
        check(ChildStep::announce_exec, raw::send_bytes(builder_, &kPrepared, 1));
        int error = -ENOENT;
        if (!plan_.init_path.empty()) error = raw::execute(plan_.init_path.c_str(), plan_.argv.data(), plan_.environment.data());
        if (error == -ENOENT && plan_.fallback_fd >= 0) {
            check(ChildStep::exec_init, raw::keep_as(plan_.fallback_input, 3));
            check(ChildStep::exec_init, raw::block_signals());  // a stop right after the start must not be lost
            error = raw::execute_fd(plan_.fallback_fd, plan_.fallback_argv.data(), plan_.environment.data());
        }
        give_up({ChildStep::exec_init, {}, -error});
    }

    void check(ChildStep step, int value) {
        if (value < 0) give_up({step, {}, -value});
    }

    /// One byte has to come; the end of the stream means that the other side has given up, and says why elsewhere.
    void expect(ChildStep step, int value) { check(step, value == 0 ? -EPIPE : value); }

    [[noreturn]] void give_up(const ChildFailure& failure) {
        (void)raw::send_bytes(builder_, &failure, sizeof failure);
        raw::exit_now(125);
    }

    const ChildPlan& plan_;
    int builder_;
    int command_;
};

}  // namespace

std::string_view child_step_text(ChildStep step) { return kStepTexts[static_cast<std::size_t>(step)]; }

Error child_error(const ChildFailure& failure, const std::string& init) {
    if (failure.step == ChildStep::lower_ceiling) return base::with_context(context::ceiling_error(failure.ceiling), "the server's first process");
    auto what = failure.step == ChildStep::exec_init ? fmt::format("execute '{}'", init) : std::string(child_step_text(failure.step));
    return base::with_context(sys::error_from(failure.errno_value, what), "the server's first process");
}

void run_guest_child(const ChildPlan& plan, int builder, int command) noexcept { Child(plan, builder, command).run(); }

}  // namespace vs::server
