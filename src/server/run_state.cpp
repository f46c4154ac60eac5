#include "server/run_state.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <map>

#include "base/text.hpp"
#include "model/paths.hpp"
#include "server/log_sockets.hpp"
#include "sys/file.hpp"
#include "sys/host.hpp"

namespace vs::server {

namespace {

// Lines of "key value", so that a start needs no JSON; every value is ours and on one line.
using Fields = std::map<std::string, std::string, std::less<>>;

/// At most `most`: what does not fit would be another's number.
template <typename Number = std::uint64_t>
Result<Number> number(const Fields& fields, std::string_view key, Number most = std::numeric_limits<Number>::max()) {
    auto field = fields.find(key);
    auto value = field == fields.end() ? std::nullopt : base::parse_number(field->second);
    if (!value || *value > static_cast<std::uint64_t>(most)) return fail(Code::failed, "the state file has no proper '{}'", key);
    return static_cast<Number>(*value);
}

std::string text(const Fields& fields, std::string_view key) {
    auto field = fields.find(key);
    return field == fields.end() ? "" : field->second;
}

/// True where the path still leads to this file.
Result<bool> is_still(sys::FdRef file, const std::string& path) {
    auto named = sys::stat_at(sys::kHere, path);
    if (!named && named.error().errno_value == ENOENT) return false;
    auto there = TRY(std::move(named)), held = TRY(sys::stat_fd(file));
    return there.st_ino == held.st_ino && there.st_dev == held.st_dev;
}

}  // namespace

std::string print_state(const RunState& state) {
    return fmt::format(
        "phase {}\npurpose {}\nnumber {}\ngeneration {}\ninit {}\ninit_start {}\ninit_path {}\nstarted {}\nprivate {}\nnetwork {}\n"
        "log_records {}\nlog_bytes {}\nlog_keep {}\n",
        state.phase == Phase::running ? "running" : "starting", state.purpose == Purpose::service ? "service" : "maintenance",
        state.number.value, state.generation, state.init, state.init_start, state.init_path, state.started, state.secluded ? 1 : 0, print_plan(state.network),
        state.log.records, state.log.bytes, state.log.keep);
}

Result<RunState> parse_state(std::string_view content) {
    Fields fields;
    for (auto line : base::split(content, '\n')) {
        auto blank = line.find(' ');
        if (blank != std::string_view::npos) fields.emplace(line.substr(0, blank), line.substr(blank + 1));
    }
    RunState state;
    state.phase = text(fields, "phase") == "running" ? Phase::running : Phase::starting;
    state.purpose = text(fields, "purpose") == "maintenance" ? Purpose::maintenance : Purpose::service;
    state.number.value = TRY(number(fields, "number", model::ServerNumber::kMost));
    state.generation = TRY(number<std::uint32_t>(fields, "generation"));
    state.init = TRY(number<pid_t>(fields, "init"));
    state.init_start = TRY(number(fields, "init_start"));
    state.init_path = text(fields, "init_path");
    state.started = text(fields, "started");
    state.secluded = text(fields, "private") == "1";
    state.network = TRY(parse_plan(text(fields, "network")));
    state.log = {TRY(number(fields, "log_records")), TRY(number(fields, "log_bytes")), TRY(number(fields, "log_keep"))};
    return state;
}

std::optional<std::chrono::seconds> uptime(const RunState& state) {
    if (state.init_start == 0) return std::nullopt;
    return sys::age_of(state.init_start);
}

Result<RunDir> RunDir::open(const model::ServerName& name) {
    RunDir run;
    run.path_ = model::paths::kRun + "/" + name.text();
    auto found = sys::open_dir(sys::kHere, run.path_);
    if (!found && found.error().errno_value == ENOENT) {
        TRY(sys::make_dir(sys::kHere, model::paths::kRun, 0700, sys::IfExists::keep));
        found = sys::open_or_make_dir(sys::kHere, run.path_, 0700);
    }
    run.dir_ = TRY(std::move(found));
    return run;
}

Result<sys::Fd> RunDir::lock() const {
    auto lock = sys::lock_file(dir_, "lock", sys::LockWait::wait);
    const bool deleted = lock ? TRY(sys::stat_fd(*lock)).st_nlink == 0 : lock.error().errno_value == ENOENT;
    if (deleted) return fail(Code::no_such_server, "'{}' was deleted by another command while this one waited for it", path_.substr(path_.rfind('/') + 1));
    return lock;
}

Result<RunDir::Held> RunDir::hold(const model::ServerName& name, sys::LockWait policy) {
    for (;;) {
        auto run = TRY(RunDir::open(name));
        auto lock = sys::lock_file(run.dir(), "lock", policy);
        bool removed = !lock && lock.error().errno_value == ENOENT;
        if (!lock && !removed) return std::unexpected<Error>(lock.error());
        if (lock && TRY(is_still(*lock, model::paths::kRun + "/" + name.text() + "/lock"))) return Held{std::move(run), std::move(*lock)};
    }
}

Result<std::optional<RunState>> RunDir::read() const {
    auto content = sys::read_file(dir_, "state");
    if (!content && content.error().errno_value == ENOENT) return std::nullopt;
    if (!content) return std::unexpected<Error>(content.error());
    return TRY(parse_state(*content));
}

Result<> RunDir::write(const RunState& state) const {
    return sys::replace_file(dir_, "state", print_state(state), 0600, sys::Durability::volatile_);
}

Result<> RunDir::sweep() const {
    for (const auto& file : TRY(sys::list_dir(dir_))) {
        const bool unwanted = file == kRestartNote && !TRY(sys::is_locked(dir_, file));
        if (file.starts_with('.') || unwanted) TRY(sys::remove_file(dir_, file));
    }
    return {};
}

Result<> RunDir::clear() const {
    TRY(remove_log_sockets(dir_));
    // The lock's file goes with the keeper that holds it: that one may wait for the server's lock, which our caller holds, and
    // the next start must not wait for it. The state is the last, so that whoever finds it left can begin anew.
    for (const char* file : {"view", "recorder", "keeper.lock", "state"}) {
        auto removed = sys::remove_file(dir_, file);
        if (!removed && removed.error().errno_value != ENOENT) return removed;
    }
    return {};
}

Result<std::uint32_t> RunDir::next_generation() const {
    auto last = sys::read_file(dir_, "generation");
    auto next = static_cast<std::uint32_t>(last ? base::parse_number(base::trim(*last)).value_or(0) : 0) + 1;
    TRY(sys::replace_file(dir_, "generation", fmt::format("{}\n", next), 0600, sys::Durability::volatile_));
    return next;
}

Result<std::vector<model::ServerName>> names_in_run() {
    std::vector<model::ServerName> names;
    auto all = sys::open_dir(sys::kHere, model::paths::kRun);
    if (!all && all.error().errno_value == ENOENT) return names;
    if (!all) return std::unexpected<Error>(all.error());
    for (const auto& entry : TRY(sys::list_dir(*all))) {
        auto name = model::ServerName::parse(entry);
        if (name && TRY(sys::exists(*all, entry + "/state"))) names.push_back(*name);
    }
    return names;
}

Result<std::vector<NetworkPlan>> networks_in_phases(std::initializer_list<Phase> wanted) {
    std::vector<NetworkPlan> plans;
    for (const auto& name : TRY(names_in_run())) {
        auto state = TRY(TRY(RunDir::open(name)).read());
        if (state && std::ranges::find(wanted, state->phase) != wanted.end()) plans.push_back(std::move(state->network));
    }
    return plans;
}

Result<std::vector<NetworkPlan>> running_networks() { return networks_in_phases({Phase::running}); }

}  // namespace vs::server
