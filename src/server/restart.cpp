#include "server/restart.hpp"

#include <algorithm>
#include <cerrno>

#include "base/text.hpp"
#include "storage/record.hpp"
#include "sys/file.hpp"
#include "sys/process.hpp"

namespace vs::server {

namespace {

using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

constexpr seconds kSettled{10};  // who has run for so long does not reboot in a loop
constexpr unsigned kFree = 3;    // reboots without a pause: an upgrade may take two
constexpr seconds kLongest{60};
constexpr sys::Milliseconds kLook{500};

const std::string kCount = "quick-reboots";

unsigned read_count(const RunDir& run) {
    auto text = sys::read_file(run.dir(), kCount);
    auto count = text ? base::parse_number(base::trim(*text)) : std::nullopt;
    return static_cast<unsigned>(std::min<std::uint64_t>(count.value_or(0), 1000));
}

Result<bool> is_worked_in(const RunDir& run) {
    auto state = TRY(run.read());
    return state && state->purpose == Purpose::maintenance;
}

}  // namespace

unsigned count_quick_reboots(unsigned before, seconds lived) { return lived < kSettled ? before + 1 : 0; }

seconds restart_pause(unsigned quick_reboots) {
    if (quick_reboots <= kFree) return seconds(0);
    return std::min(kLongest, seconds(1LL << std::min(quick_reboots - kFree - 1, 10U)));
}

Result<Restart> note_reboot(const RunDir& run, const RunState& state) {
    auto lived = uptime(state).value_or(seconds(0));
    auto count = count_quick_reboots(read_count(run), lived);
    TRY(sys::replace_file(run.dir(), kCount, fmt::format("{}\n", count), 0600, sys::Durability::volatile_));
    Restart restart{restart_pause(count), {}};
    if (restart.pause == seconds(0)) return restart;
    auto text = fmt::format("{} s after {}: it rebooted {} times in a row\n", restart.pause.count(), storage::timestamp(), count);
    TRY(sys::replace_file(run.dir(), kRestartNote, text, 0600, sys::Durability::volatile_));
    restart.note = TRY(sys::lock_file(run.dir(), kRestartNote, sys::LockWait::wait));
    return restart;
}

Result<> wait_for_restart(const RunDir& run, const Restart& restart) {
    const auto end = Clock::now() + restart.pause;
    while (Clock::now() < end || TRY(is_worked_in(run))) {
        TRY(sys::wait_readable({}, kLook));
        if (!TRY(sys::exists(run.dir(), kRestartNote))) return {};
    }
    return {};
}

Result<bool> cancel_restart(const RunDir& run) {
    if (!TRY(sys::exists(run.dir(), kRestartNote))) return false;
    bool waited = !TRY(pending_restart(run)).empty();
    auto removed = sys::remove_file(run.dir(), kRestartNote);
    if (!removed && removed.error().errno_value != ENOENT) return std::unexpected<Error>(removed.error());
    return waited;
}

Result<std::string> pending_restart(const RunDir& run) {
    if (!TRY(sys::exists(run.dir(), kRestartNote)) || !TRY(sys::is_locked(run.dir(), kRestartNote))) return std::string();
    auto text = sys::read_file(run.dir(), kRestartNote);
    return text ? std::string(base::trim(*text)) : std::string();
}

}  // namespace vs::server
