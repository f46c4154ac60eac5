#include "guard/notify.hpp"

#include <cerrno>
#include <nlohmann/json.hpp>

#include "guard/record.hpp"
#include "model/paths.hpp"
#include "sys/file.hpp"
#include "sys/host.hpp"
#include "sys/process.hpp"

namespace vs::guard {

namespace {

using json = nlohmann::ordered_json;

constexpr std::size_t kMostRemembered = 1000;
constexpr std::chrono::seconds kPatience{5};
constexpr const char* kProgram = "vserver-guard";
constexpr const char* kAlerts = "alerts";

Result<sys::DirFd> status_dir() {
    auto path = model::paths::kRun + "/.guard";
    TRY(sys::make_dirs(path, 0700));
    return sys::open_dir(sys::kHere, path);
}

json of_alert(const Alert& alert) {
    return {{"when", alert.when}, {"server", alert.server}, {"kind", alert.kind}, {"sentence", alert.sentence}, {"who", alert.who}};
}

std::string text(const json& item, const char* key) {
    auto value = item.value(key, json());
    return value.is_string() ? value.get<std::string>() : "";
}

}  // namespace

Result<Notifier> Notifier::open(std::string command) {
    auto dir = TRY(status_dir());
    auto lock = sys::lock_file(dir, "lock", sys::LockWait::fail_if_held);
    if (!lock && lock.error().code == Code::busy) return fail(Code::busy, "another 'vserver guard watch' runs");
    return Notifier(std::move(dir), TRY(std::move(lock)), std::move(command));
}

void Notifier::send(Alert alert) {
    auto subject = alert.server.empty() ? std::string("watch") : alert.server;
    sys::log_warning(kProgram, fmt::format("{}: {}: {}{}{}", subject, alert.kind, alert.sentence, alert.who.empty() ? "" : "; by ", alert.who));
    if (!alert.server.empty()) record(alert.server, alert.kind, alert.sentence + (alert.who.empty() ? "" : "; by " + alert.who));
    recent_.push_back(alert);
    if (recent_.size() > kMostRemembered) recent_.pop_front();
    auto list = json::array();
    for (const auto& one : recent_) list.push_back(of_alert(one));
    auto written = sys::replace_file(dir_, kAlerts, list.dump(1, ' ', false, json::error_handler_t::replace), 0600, sys::Durability::volatile_);
    if (!written) sys::log_error(kProgram, written.error().message());
    if (command_.empty()) return;
    auto run = sys::run_checked({command_, alert.server, alert.kind, alert.sentence}, {.input = "", .environment = {}, .limit = kPatience});
    if (!run) sys::log_error(kProgram, run.error().message());
}

void Notifier::record(const std::string& server, const std::string& kind, const std::string& sentence) {
    auto name = model::ServerName::parse(server);
    auto recorded = name ? guard::record(Recording::sealed_log, *name, fmt::format("guard: {}: {}", kind, sentence), {}) : Result<>(std::unexpected<Error>(name.error()));
    if (!recorded) sys::log_error(kProgram, recorded.error().message());
}

Result<WatchStatus> watch_status() {
    constexpr std::size_t kLargest = 16 << 20;
    WatchStatus status;
    auto dir = TRY(status_dir());
    status.runs = TRY(sys::is_locked(dir, "lock"));
    auto written = sys::read_file(dir, kAlerts, kLargest);
    if (!written && written.error().errno_value == ENOENT) return status;
    auto list = json::parse(TRY(std::move(written)), nullptr, false);
    if (!list.is_array()) return fail(Code::failed, "the list of alerts is damaged");
    for (const auto& item : list)
        if (item.is_object()) status.alerts.push_back({text(item, "when"), text(item, "server"), text(item, "kind"), text(item, "sentence"), text(item, "who")});
    return status;
}

}  // namespace vs::guard
