#include "server/hooks.hpp"

#include <array>

#include "model/paths.hpp"
#include "sys/file.hpp"
#include "sys/process.hpp"

namespace vs::server {

namespace {

constexpr std::array<std::string_view, 4> kNames = {"pre-start", "post-start", "pre-stop", "post-stop"};

Result<> check_only_root_writes(const std::string& path) {
    auto status = TRY(sys::stat_at(sys::kHere, path));
    if (status.st_uid == 0 && (status.st_mode & (S_IWGRP | S_IWOTH)) == 0) return {};
    return fail(Code::denied, "'{}' is not root's alone to write: chown root and chmod go-w it", path);
}

}  // namespace

std::string_view hook_name(HookPhase phase) { return kNames[static_cast<std::size_t>(phase)]; }

Result<> run_hook(const Server& server, HookPhase phase) {
    const auto& script = server.settings.hooks;
    if (script.empty()) return {};
    auto what = fmt::format("{} hook", hook_name(phase));
    TRY_WITH(check_only_root_writes(script), "{}", what);
    TRY_WITH(check_only_root_writes(script.substr(0, std::max<std::size_t>(1, script.rfind('/')))), "{}", what);
    sys::RunOptions options;
    options.environment = {"VSERVER_NAME=" + server.name.text(), fmt::format("VSERVER_CONTEXT={}", server.record.number.context()),
                           fmt::format("VSERVER_ROOT={}/{}/root", model::paths::kRun, server.name.text())};
    options.limit = server.settings.hook_timeout;
    auto run = sys::run_checked({script, std::string(hook_name(phase)), server.name.text()}, options);
    TRY_WITH(std::move(run), "{}", what);
    return {};
}

}  // namespace vs::server
