// small-server: the namespaces of a virtual server around its init and nothing else, for the tests of vserver-init and
// vreboot.
//
//     small-server [--table FILE] INIT ROOT GRACE_MS PID_FILE < SERVICES
//
// Paths are absolute. INIT is executed by descriptor as PID 1, with ROOT as its root, the machine's /usr and /dev/null
// in it and a procfs of its own, under ids that are nobody's. SERVICES has a line per service, "NAME USER yes|no
// WORD...", yes for restart; with --table the init gets the bytes of FILE instead. The host's pid of the init is
// written to PID_FILE. When it has ended, the last line of standard output says how: "init: signal HUP", "init: exit
// 1".

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "base/text.hpp"
#include "model/service_table_writer.hpp"
#include "sys/clone.hpp"
#include "sys/file.hpp"
#include "sys/process.hpp"
#include "sys/user_namespace.hpp"

namespace {

using namespace vs;

constexpr sys::IdMapLine kIds{.inside = 0, .outside = 0x7f000000, .count = 65536};
constexpr sys::NamespaceFlags kNamespaces = CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS;

std::vector<model::Service> read_services(std::istream& in) {
    std::vector<model::Service> services;
    for (std::string line; std::getline(in, line);) {
        std::istringstream words(line);
        model::Service service;
        std::string restart;
        words >> service.name >> service.user >> restart;
        service.restart = restart == "yes";
        for (std::string word; words >> word;) service.command.push_back(word);
        services.push_back(service);
    }
    return services;
}

struct Handles {
    sys::Fd init;
    sys::Pipe go;     ///< closed when the ids are mapped
    sys::Pipe table;
};

void must(bool good, const char* what) {
    if (good) return;
    std::fprintf(stderr, "small-server: %s: %s\n", what, std::strerror(errno));
    ::_exit(125);
}

/// In a mount namespace of ours, which the init's copies: what is mounted here is locked there.
void enter_root(const char* root) {
    must(::unshare(CLONE_NEWNS) == 0, "leave the mount namespace");
    must(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0, "make mounts private");
    must(::mount(root, root, nullptr, MS_BIND, nullptr) == 0, "mount the root");
    must(::chdir(root) == 0, "enter the root");
    must(::mount("/usr", "usr", nullptr, MS_BIND | MS_REC, nullptr) == 0, "mount /usr");
    must(::mount("/dev/null", "dev/null", nullptr, MS_BIND, nullptr) == 0, "mount /dev/null");
}

[[noreturn]] void become_init(Handles& handles) {
    char byte = 0;
    handles.go.write.reset();
    must(::read(handles.go.read.get(), &byte, 1) == 0, "wait for the id map");
    must(sys::become(0, 0).has_value(), "become root");
    must(::mount("proc", "proc", "proc", 0, nullptr) == 0, "mount /proc");
    must(::chroot(".") == 0, "change the root");
    must(::prctl(PR_SET_PDEATHSIG, SIGKILL) == 0, "die with the test");
    int init = ::fcntl(handles.init.get(), F_DUPFD_CLOEXEC, 4);  // out of the way of the table
    must(init >= 4 && sys::inherit_as(handles.table.read, 3).has_value(), "hand on the table");
    handles.table.write.reset();
    char name[] = "vserver-init";
    char* argv[] = {name, nullptr};
    char container[] = "container=vserver";
    char* environment[] = {container, nullptr};
    ::execveat(init, "", argv, environment, AT_EMPTY_PATH);
    must(false, "execute the init");
    ::_exit(125);
}

Result<sys::ExitStatus> run(Handles handles, const std::string& table, const std::string& pid_file) {
    auto proc = TRY(sys::open_dir(sys::kHere, "/proc"));
    // A PID 1 that does not block or handle a signal yet never gets it (pid_namespaces(7)), and the tests are quick.
    sigset_t all;
    ::sigfillset(&all);
    ::sigprocmask(SIG_SETMASK, &all, nullptr);
    // As a server's first process gets them, whatever whoever started us ignores: a shell, for one, in what it puts behind.
    for (int signal = 1; signal < NSIG; ++signal) (void)::signal(signal, SIG_DFL);
    auto child = TRY(sys::clone_process({.flags = kNamespaces, .cgroup = nullptr}));
    if (child.pid == 0) become_init(handles);
    handles.table.read.reset();
    TRY(sys::write_id_maps(proc, child.pid, kIds));
    handles.go.write.reset();
    TRY(sys::write_all(handles.table.write, table));
    handles.table.write.reset();
    std::ofstream(pid_file + ".new") << child.pid << '\n';
    std::filesystem::rename(pid_file + ".new", pid_file);
    return sys::reap(child.pidfd);
}

Result<> serve(std::vector<std::string> arguments) {
    std::string table;
    bool given = !arguments.empty() && arguments[0] == "--table";
    if (given) table = TRY(sys::read_file(sys::kHere, arguments.at(1)));
    if (given) arguments.erase(arguments.begin(), arguments.begin() + 2);
    if (arguments.size() != 4) return fail(Code::usage, "small-server [--table FILE] INIT ROOT GRACE_MS PID_FILE");
    std::chrono::milliseconds grace(base::parse_number(arguments[2]).value());
    if (!given) table = TRY(model::write_service_table(read_services(std::cin), grace));
    Handles handles{.init = TRY(sys::open_at(sys::kHere, arguments[0], O_RDONLY)),
                    .go = TRY(sys::make_pipe()),
                    .table = TRY(sys::make_pipe())};
    enter_root(arguments[1].c_str());
    auto status = TRY(run(std::move(handles), table, arguments[3]));
    if (status.kind == sys::ExitStatus::Kind::exited)
        fmt::print("init: exit {}\n", status.value);
    else
        fmt::print("init: signal {}\n", ::sigabbrev_np(status.value));
    return {};
}

}  // namespace

int main(int argc, char** argv) {
    auto result = serve({argv + 1, argv + argc});
    if (!result) std::cerr << "small-server: " << result.error().message() << '\n';
    return result ? 0 : 1;
}
