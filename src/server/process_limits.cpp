#include "server/process_limits.hpp"

#include <algorithm>

#include "sys/file.hpp"

namespace vs::server {

namespace {

using sys::LimitBounds;

constexpr std::uint64_t kUnlimited = ~0ULL;

LimitBounds wider(LimitBounds a, LimitBounds b) { return {std::max(a.soft, b.soft), std::max(a.hard, b.hard)}; }

Result<PreparedLimit> prepare_limit(const model::Settings& settings, const model::UlimitName& known) {
    PreparedLimit limit{known.resource, {known.soft, known.hard}};
    auto named = settings.ulimits.find(std::string(known.name));
    bool is_named = named != settings.ulimits.end();
    if (is_named) limit.bounds = {named->second.soft.value_or(kUnlimited), named->second.hard.value_or(kUnlimited)};
    if (sys::may_raise_limits()) return limit;
    auto own = TRY(sys::own_limit(known.resource));
    if (is_named && limit.bounds.hard > own.hard)
        return fail(Code::unsupported, "ulimits.{}: root of this machine may not raise a limit (no CAP_SYS_RESOURCE) above its own, {}: lower it",
                    known.name, own.hard);
    limit.bounds = {std::min(limit.bounds.soft, own.hard), std::min(limit.bounds.hard, own.hard)};
    return limit;
}

/// The default of a limit, as far as this process can reach it.
LimitBounds default_of(int resource, const std::vector<PreparedLimit>& defaults) {
    return std::ranges::find(defaults, resource, &PreparedLimit::resource)->bounds;
}

}  // namespace

Result<std::vector<PreparedLimit>> prepare_limits(const model::Settings& settings) {
    std::vector<PreparedLimit> limits;
    for (const auto& known : model::ulimit_names()) limits.push_back(TRY(prepare_limit(settings, known)));
    return limits;
}

Result<> take_limits(const std::vector<PreparedLimit>& limits) {
    auto defaults = TRY(prepare_limits({}));
    for (const auto& [resource, bounds] : limits) TRY(sys::set_limit(0, resource, wider(bounds, default_of(resource, defaults))));
    return {};
}

Result<> limit_child(pid_t child, const std::vector<PreparedLimit>& limits) {
    for (const auto& [resource, bounds] : limits)
        if (TRY(sys::own_limit(resource)) != bounds) TRY(sys::set_limit(child, resource, bounds));
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
