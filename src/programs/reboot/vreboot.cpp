// vreboot, vhalt: a virtual server's root restarts or stops it from inside. One program, two names; vreboot(8).
//
// It is freestanding and static, because it runs in servers of any kind, and small, because every server has one. It
// never reboots the machine: in the main environment it says so and does nothing.

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/reboot.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <initializer_list>
#include <string_view>

#include "programs/reboot/whereabouts.hpp"

namespace vs::reboot {

namespace {

enum Status : int { done = 0, failed = 1, usage = 2, denied = 4 };

enum class Way { ask_init, force };

/// What a name of ours means: to the init's own tool, to an init that only knows signals (vserver-init's table, which is
/// busybox's), to the kernel.
struct Action {
    std::string_view name;
    const char* tool;
    int signal;
    int command;
};
constexpr std::array kActions{
    Action{"vreboot", "reboot", SIGTERM, static_cast<int>(RB_AUTOBOOT)},
    Action{"vhalt", "poweroff", SIGUSR2, RB_POWER_OFF},
};

// Not PATH, and not /usr/local: nothing that somebody has put in front of the init's own tool.
constexpr std::array kToolDirectories{"/usr/sbin/", "/sbin/", "/usr/bin/", "/bin/"};

void say(int fd, std::string_view name, std::initializer_list<std::string_view> words) {
    std::array<char, 256> line;
    std::size_t used = 0;
    auto add = [&](std::string_view text) {
        auto length = std::min(text.size(), line.size() - 1 - used);
        std::memcpy(line.data() + used, text.data(), length);
        used += length;
    };
    add(name);
    for (auto word : words) add(word);
    line[used++] = '\n';
    (void)!::write(fd, line.data(), used);
}

int refuse(std::string_view name, std::string_view why) {
    say(STDERR_FILENO, name, {": ", why, ": nothing was done"});
    return denied;
}

int fail(std::string_view name, std::string_view what) {
    say(STDERR_FILENO, name, {": cannot ", what, ": ", std::strerror(errno)});
    return failed;
}

/// vserver-init by its name (it sets it), and any init whose name cannot be read: those are asked by a signal.
bool has_tool_of_its_own() {
    std::array<char, 16> name{};
    int fd = ::open("/proc/1/comm", O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    ssize_t length = ::read(fd, name.data(), name.size());
    ::close(fd);
    return length > 0 && std::string_view(name.data(), static_cast<std::size_t>(length)) != "vserver-init\n";
}

/// Becomes `reboot` or `poweroff` of systemd, sysvinit or OpenRC. Returns where there is none.
void execute_tool(const char* tool) {
    for (const char* directory : kToolDirectories) {
        std::array<char, 32> path{};
        std::strcpy(std::strcpy(path.data(), directory) + std::strlen(directory), tool);
        char* argv[] = {path.data() + std::strlen(directory), nullptr};
        ::execve(path.data(), argv, environ);
    }
}

int act(const Action& action, Way way) {
    switch (find_whereabouts()) {
        case Whereabouts::main_environment: return refuse(action.name, "this is the main environment, not a virtual server");
        case Whereabouts::unknown: return refuse(action.name, "without /proc nobody knows whether this is a virtual server");
        case Whereabouts::server: break;
    }
    if (::geteuid() != 0) return refuse(action.name, "only the server's root may do this");
    if (way == Way::force) {
        ::reboot(action.command);
        return fail(action.name, "end the server");
    }
    if (has_tool_of_its_own()) execute_tool(action.tool);
    return ::kill(1, action.signal) == 0 ? done : fail(action.name, "signal the init");
}

int print_usage(int fd, std::string_view name, Status status) {
    say(fd, "usage: ", {name, " [--force]   (inside a virtual server, as its root; see vreboot(8))"});
    return status;
}

const Action* action_of(const char* program) {
    std::string_view name(program);
    name.remove_prefix(name.rfind('/') + 1);  // npos + 1 is 0
    for (const auto& action : kActions)
        if (action.name == name) return &action;
    return nullptr;
}

}  // namespace

}  // namespace vs::reboot

int main(int argc, char** argv) {
    using namespace vs::reboot;
    const Action* action = argc > 0 ? action_of(argv[0]) : nullptr;
    if (action == nullptr) return print_usage(STDERR_FILENO, "vreboot|vhalt", usage);
    std::string_view option = argc == 2 ? argv[1] : "";
    if (option == "-h" || option == "--help") return print_usage(STDOUT_FILENO, action->name, done);
    bool by_force = option == "-f" || option == "--force";
    if (argc > 2 || (argc == 2 && !by_force)) return print_usage(STDERR_FILENO, action->name, usage);
    return act(*action, by_force ? Way::force : Way::ask_init);
}
