// recorded: a console, somebody who writes on it, and a recorder, for the tests of vserver-recorder.
//
//     recorded RECORDER DIRECTORY UID BYTES PID_FILE COMMAND...        RECORDED_RATE="RECORDS BYTES", a second
//                                                               RECORDED_DESCRIPTORS=yes: its sockets take them, as before Linux 6.16
//
// COMMAND stands for a server's init: it has a raw terminal as its standard descriptors. RECORDER gets that terminal's
// master and the rest of its descriptors, with DIRECTORY for the logs and its sockets in PID_FILE.run, and is started again when it is ended by SIGKILL,
// as its keeper would do. PID_FILE gets "COMMAND-PID RECORDER-PID", anew after each start. The last lines of
// standard output say how they ended: "recorder: signal KILL", "command: exit 0", "recorder: exit 0".

#include <fcntl.h>
#include <fmt/format.h>
#include <pty.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "server/keeper_protocol.hpp"
#include "server/log_sockets.hpp"
#include "sys/file.hpp"

namespace {

namespace keeper = vs::keeper;

void must(bool good, const char* what) {
    if (good) return;
    std::perror(what);
    ::_exit(125);
}

int pidfd_of(pid_t pid) {
    int fd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
    must(fd >= 0, "pidfd_open");
    return fd;
}

struct Console {
    int master = -1;
    int slave = -1;
};

Console open_console() {
    Console console;
    termios raw{};
    ::cfmakeraw(&raw);
    raw.c_cflag |= CREAD;
    must(::openpty(&console.master, &console.slave, nullptr, &raw, nullptr) == 0, "openpty");
    for (int fd : {console.master, console.slave}) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
    return console;
}

pid_t start_command(const Console& console, char** argv) {
    pid_t pid = ::fork();
    must(pid >= 0, "fork");
    if (pid > 0) return pid;
    for (int fd : {0, 1, 2}) ::dup2(console.slave, fd);
    ::execvp(argv[0], argv);
    must(false, argv[0]);
    return 0;
}

struct Recorder {
    const char* program;
    int directory;
    const char* uid;
    const char* bytes;
    vs::server::LogSockets sockets;
};

vs::server::LogSockets make_sockets(const std::string& path) {
    std::filesystem::create_directory(path);
    auto directory = vs::sys::open_dir(vs::sys::kHere, path);
    must(directory.has_value(), "open the sockets' directory");
    auto sockets = vs::server::make_log_sockets(*directory);
    must(sockets.has_value(), "make the sockets");
    constexpr int kPassRights = 83, kYes = 1;  // SO_PASSRIGHTS
    if (std::getenv("RECORDED_DESCRIPTORS") != nullptr)
        for (const auto* socket : {&sockets->log, &sockets->stream}) ::setsockopt(socket->get(), SOL_SOCKET, kPassRights, &kYes, sizeof kYes);
    return std::move(*sockets);
}

/// Two words; as good as no limit where nothing is said.
std::pair<std::string, std::string> rate() {
    const char* said = std::getenv("RECORDED_RATE");
    const std::string text = said != nullptr ? said : "1000000000 1000000000";
    return {text.substr(0, text.find(' ')), text.substr(text.find(' ') + 1)};
}

pid_t start_recorder(const Recorder& recorder, const Console& console, pid_t command) {
    pid_t pid = ::fork();
    must(pid >= 0, "fork");
    if (pid > 0) return pid;
    const auto& sockets = recorder.sockets;
    const int given[] = {console.master, recorder.directory, ::open("/dev/null", O_RDONLY), console.slave, pidfd_of(command),
                         sockets.log.get(), sockets.journal.get(), sockets.stream.get(), sockets.note.get(), sockets.kept_in.get(),
                         sockets.kept_out.get()};
    int high[std::size(given)];
    for (std::size_t i = 0; i < std::size(given); ++i) high[i] = ::fcntl(given[i], F_DUPFD_CLOEXEC, 100);
    for (std::size_t i = 0; i < std::size(given); ++i) must(::dup2(high[i], keeper::kConsole + static_cast<int>(i)) >= 0, "dup2");
    const auto [records, bytes] = rate();
    ::execl(recorder.program, recorder.program, "test", recorder.uid, recorder.bytes, "3", records.c_str(), bytes.c_str(), nullptr);
    must(false, recorder.program);
    return 0;
}

void tell(const char* who, int status) {
    if (WIFEXITED(status)) fmt::print("{}: exit {}\n", who, WEXITSTATUS(status));
    else fmt::print("{}: signal {}\n", who, ::sigabbrev_np(WTERMSIG(status)));
    std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
    must(argc > 6, "usage");
    Console console = open_console();
    Recorder recorder{argv[1], ::open(argv[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC), argv[3], argv[4],
                      make_sockets(std::string(argv[5]) + ".run")};
    must(recorder.directory >= 0, argv[2]);
    pid_t command = start_command(console, argv + 6);
    for (;;) {
        pid_t recording = start_recorder(recorder, console, command);
        std::ofstream(std::string(argv[5]) + ".new") << command << ' ' << recording << '\n';
        std::filesystem::rename(std::string(argv[5]) + ".new", argv[5]);
        int status = 0;
        must(::waitpid(recording, &status, 0) == recording, "waitpid");
        bool ended = !WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL;
        int command_status = 0;
        if (ended && ::waitpid(command, &command_status, WNOHANG) == command) tell("command", command_status);
        tell("recorder", status);
        if (ended) return 0;
    }
}
