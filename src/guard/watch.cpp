#include "guard/watch.hpp"

#include <fcntl.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <set>

#include "base/text.hpp"
#include "guard/baseline.hpp"
#include "guard/host_view.hpp"
#include "guard/scan.hpp"
#include "server/query.hpp"
#include "storage/record.hpp"
#include "sys/fanotify.hpp"
#include "sys/interrupts.hpp"
#include "sys/process.hpp"

namespace vs::guard {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kGather{100};       // events of one change come together
constexpr milliseconds kLook{1'000};       // at ports and programs
constexpr std::chrono::minutes kRound{10};  // every server, events or not: stores through mappings make none
constexpr int kRest = 5;                   // times as long as a scan took it waits for the next: a busy server costs a sixth of a core
constexpr std::size_t kMostNamed = 3;

/// What is known of a server.
struct Watched {
    std::set<std::string> told;                 ///< differences that were reported and still are
    std::set<std::string> ports, programs;      ///< that were seen
    bool has_looked = false;
    std::vector<std::string> who;               ///< since the last scan
    std::optional<Clock::time_point> changed;   ///< when the first event since the last scan came
    Clock::time_point not_before{};
};

/// "host pid 4711 (/usr/bin/vi)"
std::string describe(pid_t pid) {
    auto program = sys::read_link(sys::kHere, fmt::format("/proc/{}/exe", pid));
    return fmt::format("host pid {} ({})", pid, program ? base::escape_control(*program) : "gone");
}

class Watch {
  public:
    Watch(const storage::Store& store, Notifier& notifier, const std::function<void(const Alert&)>& told)
        : store_(store), notifier_(notifier), told_(told), own_(fmt::format("{}/servers/", store.path())) {}

    Result<> run() {
        auto signals = TRY(sys::Interrupts::block());
        auto files = TRY(sys::FileWatch::open(store_.path() + "/servers"));
        for (;;) {
            if (Clock::now() >= next_round_) all_changed();
            auto ready = TRY(sys::wait_readable({signals.fd(), files.fd()}, patience()));
            if (ready == 0U) return {};
            take(TRY(files.read()));
            TRY(scan_changed());
            if (Clock::now() >= next_look_) TRY(look());
        }
    }

  private:
    void alert(const std::string& server, const char* kind, std::string sentence, std::string who = {}) {
        Alert made{storage::timestamp(), server, kind, std::move(sentence), std::move(who)};
        told_(made);
        notifier_.send(std::move(made));
    }

    /// Until the first thing that is to be done without an event.
    [[nodiscard]] milliseconds patience() const {
        auto when = next_look_;
        for (const auto& [name, watched] : servers_)
            if (watched.changed) when = std::min(when, std::max(*watched.changed + kGather, watched.not_before));
        return std::max(milliseconds(0), std::chrono::ceil<milliseconds>(when - Clock::now()));
    }

    void all_changed() {
        next_round_ = Clock::now() + kRound;
        auto names = server::list_names();
        if (!names) return alert("", "unknown", names.error().message());
        for (const auto& name : *names) servers_[name.text()].changed = Clock::now();
    }

    void take(const sys::FileWatch::Batch& batch) {
        if (batch.overflowed) {
            alert("", "overflow", "there were more events than the kernel keeps: every server is scanned");
            all_changed();
        }
        for (const auto& event : batch.events) take(event);
    }

    /// SERVER/upper/... or SERVER/volumes/...; what else is there is ours.
    void take(const sys::FileEvent& event) {
        if (!event.directory.starts_with(own_)) return;
        auto rest = std::string_view(event.directory).substr(own_.size());
        auto slash = rest.find('/');
        if (slash == rest.npos) return;
        auto name = std::string(rest.substr(0, slash)), place = std::string(rest.substr(slash + 1));
        bool its_own = place == "upper" || place.starts_with("upper/");
        if (!its_own && !place.starts_with("volumes")) return;
        if (its_own && is_dull(name, place.substr(5) + "/" + event.name, event.change)) return;
        auto& watched = servers_[name];
        if (!watched.changed) watched.changed = Clock::now();
        if (watched.who.size() >= kMostNamed) return;
        auto who = describe(event.pid);
        if (std::ranges::find(watched.who, who) == watched.who.end()) watched.who.push_back(std::move(who));
    }

    /// Data being written where data belongs; a new name or a new mode could be a privileged program.
    bool is_dull(const std::string& name, const std::string& path, sys::FileChange change) {
        if (change != sys::FileChange::content) return false;
        auto policy = policies_.find(name);
        return policy != policies_.end() && policy->second.of_path(path) == Expectation::ignored;
    }

    Result<> scan_changed() {
        for (auto& [name, watched] : servers_) {
            auto now = Clock::now();
            if (!watched.changed || now < *watched.changed + kGather || now < watched.not_before) continue;
            watched.changed.reset();
            scan_one(name, watched);
            watched.not_before = Clock::now() + kRest * (Clock::now() - now);
        }
        return {};
    }

    void scan_one(const std::string& name, Watched& watched) {
        auto who = std::exchange(watched.who, {});
        auto server = server::load_server(store_, name);
        if (!server && server.error().code == Code::no_such_server) return watched.told.clear();
        if (!server) return tell_once(watched, name, {{"unknown", server.error().message()}}, who);
        policies_.insert_or_assign(name, Policy::of(server->settings.guard));
        auto report = scan(store_, *server, {});
        std::vector<std::pair<const char*, std::string>> found;
        for (const auto& difference : report.differences)
            found.emplace_back("file", fmt::format("{} {}: {}", change_name(difference.change), base::escape_control(difference.path), base::escape_control(difference.detail)));
        for (const auto& unknown : report.unknown)
            found.emplace_back("unknown", fmt::format("{}: {}", base::escape_control(unknown.path), base::escape_control(unknown.reason)));
        tell_once(watched, name, found, who);
    }

    /// What was told and still is so is not told again; what came back is.
    void tell_once(Watched& watched, const std::string& name, const std::vector<std::pair<const char*, std::string>>& found, const std::vector<std::string>& who) {
        std::set<std::string> now;
        for (const auto& [kind, sentence] : found) {
            now.insert(sentence);
            if (!watched.told.contains(sentence)) alert(name, kind, sentence, fmt::format("{}", fmt::join(who, ", ")));
        }
        watched.told = std::move(now);
    }

    Result<> look() {
        next_look_ = Clock::now() + kLook;
        for (const auto& status : TRY(server::query_all(store_))) {
            auto& watched = servers_[status.name.text()];
            if (!status.run || status.run->phase != server::Phase::running || !status.settings || !status.record) {
                watched.has_looked = false;
                watched.ports.clear();
                continue;
            }
            server::Server server{status.name, *status.settings, *status.record};
            auto looked = look_at(server, *status.run, watched);
            if (!looked && !sys::is_gone(looked.error())) tell_once(watched, status.name.text(), {{"unknown", looked.error().message()}}, {});
        }
        return {};
    }

    /// What was there at the first look, when the watch or the server has just begun, is not new.
    Result<> look_at(const server::Server& server, const server::RunState& run, Watched& watched) {
        auto name = server.name.text();
        for (const auto& socket : TRY(sockets_of(server, run))) {
            if (socket.protocol == "raw") continue;
            auto port = fmt::format("{} {}", socket.protocol, socket.port);
            if (watched.ports.insert(port).second && watched.has_looked) alert(name, "port", fmt::format("{} is open now, on {}", port, socket.address));
        }
        watched.has_looked = true;
        auto proc = TRY(sys::open_dir(sys::kHere, "/proc"));
        auto upper = TRY(sys::open_dir(store_.servers(), name + "/upper"));
        for (pid_t pid : TRY(processes_of(server))) {
            auto program = sys::read_link(proc, fmt::format("{}/exe", pid));
            if (program && !watched.programs.contains(*program)) judge_program(server, *program, pid, upper);
            if (program) watched.programs.insert(*program);
        }
        return {};
    }

    /// From memory, of a deleted file, or of a file that the server made and nobody has accepted.
    void judge_program(const server::Server& server, const std::string& program, pid_t pid, const sys::DirFd& upper) {
        auto shown = fmt::format("process {} runs '{}'", pid, base::escape_control(program));
        if (program.ends_with(" (deleted)")) return alert(server.name.text(), "program", shown + ", a file without a name");
        if (!program.starts_with('/') || !sys::open_beneath(upper, program.substr(1), O_PATH)) return;
        auto seal = Seal::open(store_);
        auto files = GuardFiles::open(store_, server);
        auto accepted = seal && files ? files->read_accepted(*seal) : Result<std::optional<Accepted>>(std::optional<Accepted>());
        bool known = accepted && *accepted && (*accepted)->contains(program);
        if (!known) alert(server.name.text(), "program", shown + ", which is neither of the image nor accepted");
    }

    const storage::Store& store_;
    Notifier& notifier_;
    const std::function<void(const Alert&)>& told_;
    std::string own_;
    std::map<std::string, Watched> servers_;
    std::map<std::string, Policy> policies_;
    Clock::time_point next_round_{}, next_look_{};
};

}  // namespace

Result<> watch(const storage::Store& store, Notifier& notifier, const std::function<void(const Alert&)>& told) { return Watch(store, notifier, told).run(); }

}  // namespace vs::guard
