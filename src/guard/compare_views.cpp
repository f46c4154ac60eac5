#include <algorithm>
#include <array>

#include "guard/views.hpp"

namespace vs::guard {

namespace {

constexpr std::string_view kDeleted = " (deleted)";
constexpr std::string_view kMemory = "/memfd:";

std::string subject_of(const sys::Task& task) { return fmt::format("process {} ({}), host pid {}", task.pid_inside, task.name, task.pid); }

class Comparison {
  public:
    Comparison(const TwoViews& views, const Expected& expected) : views_(views), expected_(expected) {}

    std::vector<Sighting> run() && {
        for (const auto& task : views_.before.tasks) look_at(task);
        look_at_sockets();
        look_at_names();
        for (const auto& mount : foreign_mounts(views_.before.mounts, expected_))
            add(Trick::foreign_mount, mount.point, fmt::format("{} from {}, {}", mount.type, mount.source, mount.root));
        return std::move(found_);
    }

  private:
    void add(Trick trick, std::string subject, std::string detail) { found_.push_back({trick, std::move(subject), std::move(detail)}); }

    void look_at(const sys::Task& task) {
        if (views_.alive_after.contains(task.pid)) look_for(task);
        bool memory = task.program.starts_with(kMemory), deleted = task.program.ends_with(kDeleted);
        if (memory) add(Trick::memory_program, subject_of(task), task.program);
        else if (deleted) add(Trick::deleted_program, subject_of(task), task.program);
        for (const auto& mapping : task.executable) {
            bool file = mapping.ends_with(kDeleted) || mapping.starts_with(kMemory);
            if (file && mapping == task.program) continue;  // told already
            add(file ? Trick::deleted_code : Trick::anonymous_code, subject_of(task), mapping.empty() ? "anonymous memory" : mapping);
        }
    }

    void look_for(const sys::Task& task) {
        std::string blind;
        if (views_.story.ps && !views_.story.ps->contains(task.pid_inside)) blind = "its ps does not show it";
        if (views_.story.proc && !views_.story.proc->contains(task.pid_inside)) blind += blind.empty() ? "its ls does not show it in /proc" : ", nor does its ls in /proc";
        if (!blind.empty()) add(Trick::hidden_process, subject_of(task), fmt::format("{}; it runs {}", blind, task.program));
    }

    void look_at_sockets() {
        std::set<std::string> told;
        for (const auto& socket : views_.before.sockets) {
            if (socket.protocol == "raw") continue;  // no tool lists them with the others
            auto port = port_of(socket);
            auto blind = tools_without(port);
            bool stayed = views_.open_after.contains(port);
            if (stayed && !blind.empty() && told.insert(port).second)
                add(Trick::hidden_socket, fmt::format("{} port {}", socket.protocol, socket.port),
                    fmt::format("its {} does not show it; bound to {}, user {} of the host", blind, socket.address, socket.uid));
        }
    }

    [[nodiscard]] std::string tools_without(const std::string& port) const {
        std::string tools;
        for (const auto& [tool, ports] : views_.story.ports)
            if (!ports.contains(port)) tools += (tools.empty() ? "" : " and its ") + tool;
        return tools;
    }

    void look_at_names() {
        if (!views_.story.names) return;
        for (const auto& [directory, names] : views_.names) {
            auto shown = views_.story.names->find(directory);
            for (const auto& name : names)
                if (shown == views_.story.names->end() || !shown->second.contains(name))
                    add(Trick::hidden_file, directory == "/" ? "/" + name : directory + "/" + name, "its ls does not show it");
        }
    }

    const TwoViews& views_;
    const Expected& expected_;
    std::vector<Sighting> found_;
};

}  // namespace

std::string_view trick_name(Trick trick) {
    constexpr std::array<std::string_view, 8> kNames = {"hidden_process", "hidden_socket", "hidden_file", "foreign_mount",
                                                        "deleted_program", "memory_program", "deleted_code", "anonymous_code"};
    return kNames[static_cast<std::size_t>(trick)];
}

std::vector<Sighting> compare_views(const TwoViews& views, const Expected& expected) { return Comparison(views, expected).run(); }

std::size_t count_movers(const TwoViews& views) {
    const auto& story = views.story;
    auto is_told = [&](const sys::Task& task) {
        return (!story.ps || story.ps->contains(task.pid_inside)) && (!story.proc || story.proc->contains(task.pid_inside));
    };
    auto is_shown = [&](const std::string& port) { return std::ranges::all_of(story.ports, [&](const auto& tool) { return tool.second.contains(port); }); };
    auto movers = views.vanished;
    for (const auto& task : views.before.tasks) movers += !views.alive_after.contains(task.pid) && !is_told(task) ? 1U : 0U;
    for (const auto& socket : views.before.sockets) {
        auto port = port_of(socket);
        movers += socket.protocol != "raw" && !views.open_after.contains(port) && !is_shown(port) ? 1U : 0U;
    }
    return movers;
}

std::string port_of(const sys::OpenSocket& socket) { return fmt::format("{} {}", socket.protocol, socket.port); }

}  // namespace vs::guard
