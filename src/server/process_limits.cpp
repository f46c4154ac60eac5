#include "server/process_limits.hpp"

#include <algorithm>

#include "sys/file.hpp"

namespace vs::server {

namespace {

using sys::LimitBounds;

constexpr std::uint64_t kUnlimited = ~0ULL;

LimitBounds wider(LimitBounds a, LimitBounds b) { return {std::max(a.soft, b.soft), std::max(a.hard, b.hard)}; }

LimitBounds lower(LimitBounds bounds, std::uint64_t most) { return {std::min(bounds.soft, most), std::min(bounds.hard, most)}; }

/// As far as this process may go, which may not raise any.
Result<> lower_to_own(PreparedLimit& limit, const model::UlimitName& known, bool is_named) {
    auto own = TRY(sys::own_limit(known.resource));
    if (is_named && limit.bounds.hard > own.hard)
        return fail(Code::unsupported, "ulimits.{}: root of this machine may not raise a limit (no CAP_SYS_RESOURCE) above its own, {}: lower it",
                    known.name, own.hard);
    limit.bounds = lower(limit.bounds, own.hard);
    limit.widest = lower(limit.widest, own.hard);
    return {};
}

}  // namespace

Result<std::vector<PreparedLimit>> prepare_limits(const model::Settings& settings) {
    const bool may_raise = sys::may_raise_limits();
    std::vector<PreparedLimit> limits;
    for (const auto& known : model::ulimit_names()) {
        PreparedLimit limit{known.resource, {known.soft, known.hard}, {}};
        const auto named = settings.ulimits.find(std::string(known.name));
        const bool is_named = named != settings.ulimits.end();
        if (is_named) limit.bounds = {named->second.soft.value_or(kUnlimited), named->second.hard.value_or(kUnlimited)};
        limit.widest = wider(limit.bounds, {known.soft, known.hard});
        if (!may_raise) TRY(lower_to_own(limit, known, is_named));
        limits.push_back(limit);
    }
    return limits;
}

Result<> take_limits(const std::vector<PreparedLimit>& limits) {
    for (const auto& limit : limits) TRY(sys::set_limit(0, limit.resource, limit.widest));
    return {};
}

Result<> limit_child(pid_t child, const std::vector<PreparedLimit>& limits) {
    for (const auto& limit : limits)
        if (limit.bounds != limit.widest) TRY(sys::set_limit(child, limit.resource, limit.bounds));
    return {};
}

Result<> detach_from_caller(pid_t child, sys::FdRef proc) {
    TRY(sys::reset_scheduling(child));
    auto score = fmt::format("{}/oom_score_adj", child);
    auto written = sys::write_kernel_file(proc, score, "0");
    // Who has been given up for others beforehand (proc(5)), and may not change that, is no danger to them.
    if (!written && TRY(sys::read_file(proc, score)).starts_with('-')) return written;
    return {};
}

}  // namespace vs::server
