#include "guard/watch.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <map>
#include <set>

#include "base/text.hpp"
#include "guard/baseline.hpp"
#include "guard/event_reader.hpp"
#include "guard/host_view.hpp"
#include "guard/maker.hpp"
#include "guard/reading.hpp"
#include "guard/rights.hpp"
#include "guard/scan.hpp"
#include "guard/surveyor.hpp"
#include "storage/record.hpp"
#include "sys/file.hpp"
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
constexpr std::chrono::seconds kShortLife{1};  // a reader that lives no longer is not started again
constexpr const char* kTooLong = "(its path is too long to be told)";
constexpr std::size_t kMostAlerts = 600, kMostPrograms = 64, kMostRemembered = 4096;

/// What is known of a server.
struct Watched {
    std::set<std::string> told;                 ///< differences that were reported and still are
    std::set<std::string> ports, programs;      ///< that were seen
    bool has_looked = false;
    std::string trouble;                        ///< that kept us from looking at ports and programs, the last time
    SeenMakers seen;
    std::optional<Clock::time_point> changed;   ///< when the first event since the last scan came
    Clock::time_point not_before{};
    std::string expectations;                   ///< that the reader of events knows
    Clock::time_point minute{};                 ///< in which so many alerts were made
    std::size_t alerts = 0;
};

class Watch {
  public:
    Watch(const storage::Store& store, Notifier& notifier, const WatchOptions& options)
        : store_(store), notifier_(notifier), options_(options), servers_dir_(store.path() + "/servers"), rereading_(store) {}

    Result<> run() {
        auto signals = TRY(sys::Interrupts::block());
        auto files = TRY(sys::FileWatch::open(servers_dir_));
        TRY(keep_rights_for(Looking::watch));
        reader_.emplace(TRY(EventReader::start(files, servers_dir_)));
        for (;;) {
            if (Clock::now() >= next_round_) all_changed();
            auto ready = TRY(sys::wait_readable({signals.fd(), reader_->fd()}, patience()));
            if (ready == 0U) return {};
            if (ready == 1U) TRY(hear(files));
            TRY(scan_changed());
            if (Clock::now() >= next_look_) TRY(look());
            if (options_.bytes_per_hour > 0 && Clock::now() >= next_slice_) read_on();
        }
    }

  private:
    /// A server chooses how much there is to tell of it: more than so many in a minute are one.
    void alert(const std::string& server, const char* kind, std::string sentence, std::string who = {}) {
        auto& watched = servers_[server];
        if (Clock::now() >= watched.minute + std::chrono::minutes(1)) watched.minute = Clock::now(), watched.alerts = 0;
        if (++watched.alerts > kMostAlerts) return;
        if (watched.alerts == kMostAlerts) kind = "overflow", who.clear(), sentence = "there is more to tell of it than is told in a minute: 'scan' and 'crossview' say all";
        Alert made{storage::timestamp(), server, kind, std::move(sentence), std::move(who)};
        options_.told(made);
        notifier_.send(std::move(made));
    }

    /// Of all that run, into the log of each.
    void alert_all(const char* kind, const std::string& sentence) {
        alert("", kind, sentence);
        for (const auto& [name, watched] : servers_)
            if (watched.has_looked) notifier_.record(name, kind, sentence);
    }

    /// Until the first thing that is to be done without an event.
    [[nodiscard]] milliseconds patience() const {
        auto when = options_.bytes_per_hour > 0 ? std::min(next_look_, next_slice_) : next_look_;
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

    Result<> hear(const sys::FileWatch& files) {
        auto changed = reader_->hear();
        if (!changed && changed.error().code == Code::busy) return begin_anew(files, changed.error());
        if (!changed) return std::unexpected<Error>(changed.error());
        if (changed->server.empty()) {
            alert_all("overflow", "events were lost, too many or too deep to be named: every server is scanned");
            all_changed();
            return {};
        }
        auto& watched = servers_[changed->server];
        if (!watched.changed) watched.changed = Clock::now();
        for (pid_t pid : changed->who) watched.seen.add(makers_, pid);
        return {};
    }

    /// What it had read and not said is lost, what it had not read waits in the kernel.
    Result<> begin_anew(const sys::FileWatch& files, const Error& error) {
        if (Clock::now() < reader_since_ + kShortLife) return std::unexpected<Error>(error);
        reader_since_ = Clock::now();
        reader_.reset();
        reader_.emplace(TRY(EventReader::start(files, servers_dir_)));
        for (auto& [name, watched] : servers_) watched.expectations.clear();
        alert_all("overflow", fmt::format("{}: every server is scanned", error.message()));
        all_changed();
        return {};
    }

    Result<> tell_expectations(const std::string& name, Watched& watched, const Policy& policy) {
        auto expectations = print_expectations(name, policy.rules());
        if (expectations == watched.expectations) return {};
        watched.expectations = std::move(expectations);
        return reader_->expect(name, policy.rules());
    }

    Result<> scan_changed() {
        for (auto& [name, watched] : servers_) {
            auto now = Clock::now();
            if (!watched.changed || now < *watched.changed + kGather || now < watched.not_before) continue;
            watched.changed.reset();
            const auto seen = std::exchange(watched.seen, {});
            scan_one(name, watched, fmt::format("{}", fmt::join(seen.who, ", ")));
            watched.not_before = Clock::now() + kRest * (Clock::now() - now + seen.took);
        }
        return {};
    }

    /// What it is about may be nothing in particular, and there may be no more to say.
    static std::string sentence_of(const std::string& about, const std::string& detail) {
        return about + (about.empty() || detail.empty() ? "" : ": ") + base::escape_control(detail);
    }

    void scan_one(const std::string& name, Watched& watched, const std::string& who) {
        auto server = server::load_server(store_, name);
        if (!server && server.error().code == Code::no_such_server) return watched.told.clear();
        if (!server) return tell_once(watched, name, {{"unknown", server.error().message()}}, who);
        (void)tell_expectations(name, watched, Policy::of(server->settings.guard));  // a reader that has ended is noticed where it is heard
        auto report = scan(store_, *server, {.budget = {}, .recording = Recording::nothing});
        std::vector<std::pair<const char*, std::string>> found;
        for (const auto& difference : report.differences)
            found.emplace_back("file", sentence_of(fmt::format("{} {}", change_name(difference.change), base::escape_control(difference.path)), difference.detail));
        for (const auto& unknown : report.unknown)
            found.emplace_back("unknown", sentence_of(base::escape_control(unknown.path), unknown.reason));
        tell_once(watched, name, found, who);
    }

    /// What was told and still is so is not told again; what came back is.
    void tell_once(Watched& watched, const std::string& name, const std::vector<std::pair<const char*, std::string>>& found, const std::string& who) {
        std::set<std::string> now;
        for (const auto& [kind, sentence] : found) {
            now.insert(sentence);
            if (!watched.told.contains(sentence)) alert(name, kind, sentence, who);
        }
        watched.told = std::move(now);
    }

    /// In doubt it runs: a server that has lost its settings or its files is told of as long as it does.
    static bool may_run(const model::ServerName& name) {
        auto run = running_state(name);
        return !run || run->has_value();
    }

    /// One that cannot be asked about keeps nobody from the others.
    Result<> look() {
        next_look_ = Clock::now() + kLook;
        for (const auto& name : TRY(server::list_names())) {
            auto& watched = servers_[name.text()];
            auto looked = look_at(name, watched);
            const bool gone = !looked && (sys::is_gone(looked.error()) || (looked.error().code == Code::no_such_server && !may_run(name)));
            auto trouble = looked || gone ? std::string() : looked.error().message();
            if (!trouble.empty() && trouble != watched.trouble) alert(name.text(), "unknown", trouble);
            watched.trouble = std::move(trouble);
        }
        return {};
    }

    Result<> look_at(const model::ServerName& name, Watched& watched) {
        auto server = TRY(server::load_server(store_, name.text()));
        auto run = TRY(running_state(server.name));
        if (run) return look_at(server, *run, watched);
        watched.has_looked = false;
        watched.ports.clear();
        return {};
    }

    /// What was there at the first look, when the watch or the server has just begun, is not new.
    Result<> look_at(const server::Server& server, const server::RunState& run, Watched& watched) {
        auto name = server.name.text();
        for (const auto& socket : TRY(sockets_of(run))) {
            if (socket.protocol == "raw") continue;
            auto port = port_of(socket);
            if (watched.ports.insert(port).second && watched.has_looked) alert(name, "port", fmt::format("{} is open now, on {}", port, socket.address));
        }
        watched.has_looked = true;
        auto proc = TRY(sys::open_dir(sys::kHere, "/proc"));
        std::map<std::string, pid_t> fresh;
        for (pid_t pid : TRY(processes_of(server.name))) {
            auto program = sys::read_link(proc, fmt::format("{}/exe", pid));
            if (!program && program.error().errno_value == ENAMETOOLONG) program = kTooLong;
            if (program && !watched.programs.contains(*program) && fresh.size() < kMostPrograms) fresh.emplace(std::move(*program), pid);
        }
        if (fresh.empty()) return {};
        TRY(judge_programs(server, fresh));
        if (watched.programs.size() > kMostRemembered) watched.programs.clear();
        for (const auto& [program, pid] : fresh) watched.programs.insert(program);
        return {};
    }

    /// From memory, of a deleted file, or of a file that the server made and nobody has accepted. The surveyor looks for it: a path of the
    /// server's choice is nothing that we open.
    Result<> judge_programs(const server::Server& server, const std::map<std::string, pid_t>& programs) {
        SurveyOrders orders;
        orders.rules = Policy::all_frozen().rules();
        for (const auto& [program, pid] : programs) {
            if (program.ends_with(" (deleted)") || program == kTooLong) alert(server.name.text(), "program", fmt::format("process {} runs '{}', a file without a name", pid, base::escape_control(program)));
            else if (program.starts_with('/')) orders.only.push_back(program);
        }
        if (orders.only.empty()) return {};
        auto survey = TRY(survey_server(store_, server, orders));
        for (const auto& unknown : survey.unknown)
            alert(server.name.text(), "unknown", fmt::format("'{}', which is executed, cannot be looked at: {}", base::escape_control(unknown.path), unknown.reason));
        auto accepted = survey.entries.empty() ? Accepted() : TRY(accepted_of(server));
        for (const auto& seen : survey.entries) {
            auto known = accepted.find(seen.now.path);
            if (known != accepted.end() && known->second.digest == seen.now.digest) continue;
            alert(server.name.text(), "program", fmt::format("process {} runs '{}', which is neither of the image nor accepted; its BLAKE2b is {}",
                                                             programs.at(seen.now.path), base::escape_control(seen.now.path), seen.now.digest));
        }
        return {};
    }

    /// Nothing where nothing was accepted or it is not to be believed: the scan says so.
    Result<Accepted> accepted_of(const server::Server& server) {
        auto seal = TRY(Seal::open(store_));
        auto files = TRY(GuardFiles::open(store_, server));
        auto accepted = files.read_accepted(seal);
        return accepted && *accepted ? std::move(**accepted) : Accepted();
    }

    /// The next slice of what is read again.
    void read_on() {
        constexpr std::uint64_t kSlice = 4 << 20;  // no alert waits for more than that is read
        using Hours = std::chrono::duration<double, std::ratio<3600>>;
        next_slice_ = Clock::now() + std::chrono::duration_cast<Clock::duration>(Hours(static_cast<double>(kSlice) / static_cast<double>(options_.bytes_per_hour)));
        auto slice = rereading_.read_on(kSlice);
        for (const auto& sentence : slice.found) alert(slice.server, "file", sentence);
        if (slice.trouble.empty() || !troubles_.insert(slice.server + slice.trouble).second) return;
        alert(slice.server, "unknown", slice.trouble);
    }

    const storage::Store& store_;
    Notifier& notifier_;
    const WatchOptions& options_;
    std::string servers_dir_;
    Makers makers_;
    std::map<std::string, Watched> servers_;  ///< "": the watch itself
    std::optional<EventReader> reader_;
    Clock::time_point reader_since_{};
    Clock::time_point next_round_{}, next_look_{}, next_slice_{};
    Rereading rereading_;
    std::set<std::string> troubles_;  ///< of reading again, that were told
};

}  // namespace

Result<> watch(const storage::Store& store, Notifier& notifier, const WatchOptions& options) { return Watch(store, notifier, options).run(); }

}  // namespace vs::guard
