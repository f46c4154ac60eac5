#include "server/entry_child.hpp"

#include <fcntl.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "model/accounts.hpp"
#include "server/network_view.hpp"
#include "sys/landlock.hpp"
#include "sys/raw.hpp"

namespace vs::server {

namespace {

namespace raw = sys::raw;

constexpr std::array kStepTexts = {
    "join its version 1 control groups", "apply its resource limits", "join its namespaces",    "become its root",
    "check where it is",                 "appear inside",             "open a terminal of the server", "hand over its terminal",
    "arrange its input and outputs",     "make its keyring",          "read the server's accounts", "find the user",
    "close the abstract sockets of the host", "load its system call filter", "lower its capability ceiling", "become the user",
    "enter the directory",               "execute the command",
};
static_assert(kStepTexts.size() == static_cast<std::size_t>(EntryStep::exec_command) + 1);

constexpr std::uint32_t kIds = 65535;  // a server has 65536; the last is what 16-bit programs take for "none"
constexpr std::size_t kMostGroups = 256;
constexpr std::size_t kMostEnvironment = 256;
constexpr std::size_t kFileRoom = 256 * 1024;

// Static, so that neither heap nor a small stack is needed; pages that are not used cost nothing.
char passwd_text[kFileRoom];
char group_text[kFileRoom];
char shell_path[4096], home_path[4096], home_variable[4096], user_variable[512], logname_variable[512], shell_variable[4096], login_name[512];
char* login_argv[2];
char* final_environment[kMostEnvironment];

/// Copies `prefix` and `text` with a NUL; false where they do not fit.
template <std::size_t N>
bool fill(char (&room)[N], std::string_view prefix, std::string_view text) {
    if (prefix.size() + text.size() >= N) return false;
    std::memcpy(room, prefix.data(), prefix.size());
    std::memcpy(room + prefix.size(), text.data(), text.size());
    room[prefix.size() + text.size()] = '\0';
    return true;
}

class Entry {
  public:
    Entry(const EntryPlan& plan, int socket, int birth) : plan_(plan), socket_(socket), birth_(birth) {}

    [[noreturn]] void run() {
        raw::wipe(plan_.arguments.data(), plan_.arguments.size());
        for (int tasks : plan_.v1_tasks) check(EntryStep::join_cgroup, raw::join_cgroup1(tasks));
        // As root of the host, for inside of the server nothing can be raised.
        for (const auto& [resource, bounds, widest] : plan_.limits) check(EntryStep::set_limits, raw::set_limit(resource, bounds.soft, bounds.hard));
        check(EntryStep::set_limits, raw::set_nice(plan_.nice));
        check(EntryStep::join_namespaces, raw::join_namespaces(plan_.init, plan_.namespaces));
        check(EntryStep::become_root, raw::become_root());
        check(EntryStep::become_root, raw::forbid_dump());  // a change of ids makes it what fs.suid_dumpable says (proc(5)), which may be "yes"
        check(EntryStep::check_root, raw::verify_inside());
        appear_inside();
        arrange_descriptors();
        check(EntryStep::make_keyring, raw::join_new_session_keyring());
        find_user();
        confine();
        check(EntryStep::become_user, raw::become_user(account_.uid, account_.gid, groups_.data(), group_count_));
        check(EntryStep::become_user, raw::forbid_dump());
        enter_directory();
        execute();
    }

  private:
    /// Returns in the process that goes on.
    void appear_inside() {
        int pidfd = -1;
        int pid = raw::clone_sibling({}, &pidfd);
        check(EntryStep::appear_inside, pid);
        if (pid > 0) raw::exit_now(raw::send_fds(birth_, &pidfd, 1) < 0 ? 125 : 0);
    }

    void arrange_descriptors() {
        check(EntryStep::place_descriptors, raw::reset_signals());
        if (!plan_.terminal) {
            check(EntryStep::place_descriptors, raw::new_session());
            check(EntryStep::place_descriptors, raw::place_standard(plan_.standard));
            return;
        }
        int pair[2] = {-1, -1};  // master, slave
        check(EntryStep::open_terminal, raw::open_terminal("/dev/pts/ptmx", pair));
        check(EntryStep::send_terminal, raw::send_fds(socket_, pair, 1));
        check(EntryStep::place_descriptors, raw::take_terminal(pair[1]));
        check(EntryStep::place_descriptors, raw::use_as_standard(pair[1]));
    }

    /// As a process of the guest, with nothing but the guest's rights: what its files say can hurt nobody else.
    void find_user() {
        auto account = model::find_account(read("/etc/passwd", passwd_text), plan_.user);
        check(EntryStep::find_user, account && account->uid < kIds && account->gid < kIds ? 0 : -ENOENT);
        account_ = *account;
        auto count = model::find_groups(read("/etc/group", group_text), account_.name, groups_);
        check(EntryStep::find_user, count ? 0 : -E2BIG);
        group_count_ = *count;
    }

    std::string_view read(const char* path, char (&room)[kFileRoom]) {
        long size = raw::read_plain_file(path, room, sizeof room);
        if (size == -ENOENT || (size < 0 && plan_.user == "root")) return {};  // root is uid 0 whatever they say, and mends them
        check(EntryStep::read_accounts, static_cast<int>(size));
        return {room, static_cast<std::size_t>(size)};
    }

    /// The filter first: loading it without no_new_privs needs a capability that the ceiling may take.
    void confine() {
        if (plan_.scope_sockets) check(EntryStep::scope_sockets, sys::scope_abstract_sockets_raw());
        check(EntryStep::load_filter, confine_calls_raw(plan_.filter, plan_.view));
        auto outcome = context::apply_ceiling_raw(plan_.ceiling);
        if (!outcome.ok()) give_up({EntryStep::lower_ceiling, outcome, outcome.errno_value});
    }

    void enter_directory() {
        bool shell = plan_.argv.front() == nullptr;
        auto home = account_.home.empty() ? std::string_view("/") : account_.home;
        check(EntryStep::enter_directory, fill(home_path, "", home) ? 0 : -ENAMETOOLONG);
        if (!plan_.directory.empty()) check(EntryStep::enter_directory, raw::change_dir(plan_.directory.c_str()));
        else if (!shell || raw::change_dir(home_path) < 0) check(EntryStep::enter_directory, raw::change_dir("/"));  // as login(1)
    }

    [[noreturn]] void execute() {
        check(EntryStep::exec_command, complete_environment() ? 0 : -E2BIG);
        int error = 0;
        if (plan_.argv.front() != nullptr) {
            error = raw::execute_in_path(plan_.argv.front(), const_cast<char* const*>(plan_.argv.data()), final_environment);
        } else {
            error = raw::execute(shell_path, login_argv, final_environment);
        }
        give_up({EntryStep::exec_command, {}, -error});
    }

    /// True where the caller gives a variable of that name. Both would be there: of two, getenv(3) takes the first, bash the last.
    [[nodiscard]] bool is_given(std::string_view variable) const {
        auto name = variable.substr(0, variable.find('=') + 1);
        for (const char* given : plan_.environment)
            if (given != nullptr && std::string_view(given).starts_with(name)) return true;
        return false;
    }

    /// What the caller wants, and HOME, USER, LOGNAME and SHELL from the account where he wants nothing else.
    bool complete_environment() {
        auto shell = account_.shell.empty() ? std::string_view("/bin/sh") : account_.shell;
        auto name = account_.name.empty() ? plan_.user : account_.name;
        auto base = shell.substr(shell.rfind('/') + 1);
        bool fits = fill(shell_path, "", shell) && fill(home_variable, "HOME=", home_path) && fill(user_variable, "USER=", name) &&
                    fill(logname_variable, "LOGNAME=", name) && fill(shell_variable, "SHELL=", shell) && fill(login_name, "-", base);
        login_argv[0] = login_name;
        std::size_t count = 0;
        for (char* variable : plan_.environment)
            if (variable != nullptr && count + 5 < kMostEnvironment) final_environment[count++] = variable;
        for (char* variable : {home_variable, user_variable, logname_variable, shell_variable})
            if (!is_given(variable)) final_environment[count++] = variable;
        return fits && plan_.environment.size() + 5 < kMostEnvironment;
    }

    void check(EntryStep step, int value) {
        if (value < 0) give_up({step, {}, -value});
    }

    [[noreturn]] void give_up(const EntryFailure& failure) {
        (void)raw::send_bytes(socket_, &failure, sizeof failure);
        raw::exit_now(125);
    }

    const EntryPlan& plan_;
    int socket_, birth_;
    model::Account account_;
    std::array<std::uint32_t, kMostGroups> groups_{};
    std::size_t group_count_ = 0;
};

}  // namespace

std::string_view entry_step_text(EntryStep step) { return kStepTexts[static_cast<std::size_t>(step)]; }

void run_entry_child(const EntryPlan& plan, int socket, int birth) noexcept { Entry(plan, socket, birth).run(); }

}  // namespace vs::server
