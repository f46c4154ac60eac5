#include "server/hooks.hpp"

#include <fcntl.h>

#include <array>

#include "model/paths.hpp"
#include "server/mount_view.hpp"
#include "sys/file.hpp"
#include "sys/process.hpp"

namespace vs::server {

namespace {

constexpr std::array<std::string_view, 4> kNames = {"pre-start", "post-start", "pre-stop", "post-stop"};

/// In a directory with the sticky bit, like /tmp, nobody can take away what is root's.
Result<> check_only_root_writes(const std::string& path) {
    auto status = TRY(sys::stat_at(sys::kHere, path));
    bool sticky = S_ISDIR(status.st_mode) && (status.st_mode & S_ISVTX) != 0;
    if (status.st_uid == 0 && (sticky || (status.st_mode & (S_IWGRP | S_IWOTH)) == 0)) return {};
    return fail(Code::denied, "'{}' is not root's alone to write: chown root and chmod go-w it", path);
}

/// The server's tree at $VSERVER_ROOT as long as the script runs, unless the administrator has mounted it there.
class View {
  public:
    static Result<View> open(const storage::Store& store, const Server& server) {
        auto place = mount_view(store, server, std::nullopt);
        if (!place && place.error().code != Code::busy) return std::unexpected<Error>(place.error());
        return View(place ? std::optional(server.name) : std::nullopt);
    }
    ~View() {
        if (mounted_) (void)unmount_view(*mounted_, std::nullopt);  // a script that stays in it keeps it, for itself alone
    }
    View(View&& other) noexcept : mounted_(std::exchange(other.mounted_, std::nullopt)) {}
    View(const View&) = delete;
    View& operator=(const View&) = delete;
    View& operator=(View&&) = delete;

  private:
    explicit View(std::optional<model::ServerName> mounted) : mounted_(std::move(mounted)) {}
    std::optional<model::ServerName> mounted_;
};

}  // namespace

std::string_view hook_name(HookPhase phase) { return kNames[static_cast<std::size_t>(phase)]; }

Result<> check_hook(const std::string& script) {
    auto opened = TRY(sys::open_at(sys::kHere, script, O_PATH));
    auto real = TRY(sys::read_link(sys::kHere, fmt::format("/proc/self/fd/{}", opened.get())));
    if (real != script) return fail(Code::denied, "'{}' leads through a link: say hooks = \"{}\"", script, real);
    for (auto end = script.size(); end != std::string::npos && end > 0; end = script.rfind('/', end - 1))
        TRY(check_only_root_writes(script.substr(0, end)));
    return check_only_root_writes("/");
}

Result<> run_hook(const storage::Store& store, const Server& server, HookPhase phase) {
    const auto& script = server.settings.hooks;
    if (script.empty()) return {};
    auto what = fmt::format("{} hook", hook_name(phase));
    TRY_WITH(check_hook(script), "{}", what);
    auto view = TRY_WITH(View::open(store, server), "{}: show it the server's tree", what);
    sys::RunOptions options;
    options.environment = {"VSERVER_NAME=" + server.name.text(), fmt::format("VSERVER_CONTEXT={}", server.record.number.context()),
                           fmt::format("VSERVER_ROOT={}/{}/root", model::paths::kRun, server.name.text())};
    options.limit = server.settings.hook_timeout;
    options.output = sys::RunOptions::Output::pass;
    auto run = sys::run_checked({script, std::string(hook_name(phase)), server.name.text()}, options);
    TRY_WITH(std::move(run), "{}", what);
    return {};
}

}  // namespace vs::server
