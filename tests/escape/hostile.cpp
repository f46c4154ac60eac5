// What a server's root does to the commands of its host (hostile_guest.bats): hostile trace | flood | fork | deep | lease PATH.
// Static, so that it runs in any server it is copied into.

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

void note(const char* path) { close(open(path, O_WRONLY | O_CREAT, 0644)); }

bool is_wanted(const char* pid) {
    char text[4096] = {};
    int fd = open((std::string("/proc/") + pid + "/cmdline").c_str(), O_RDONLY);
    ssize_t count = fd < 0 ? 0 : read(fd, text, sizeof text);
    if (fd >= 0) close(fd);
    return memmem(text, static_cast<size_t>(count > 0 ? count : 0), "4242", 4) != nullptr;
}

pid_t find_wanted() {
    DIR* proc = opendir("/proc");
    pid_t found = 0;
    while (dirent* entry = readdir(proc))
        if (is_wanted(entry->d_name)) found = std::atoi(entry->d_name);
    closedir(proc);
    return found;
}

/// Holds the process `sleep 4242`, and keeps its status when it has been killed.
int trace() {
    pid_t pid = 0;
    while ((pid = find_wanted()) == 0) usleep(10'000);
    if (ptrace(PTRACE_SEIZE, pid, nullptr, nullptr) < 0) return 1;
    kill(pid, SIGKILL);
    note("/traced");
    for (;;) pause();
}

/// Gives up the terminal, and leaves somebody who writes to it for ever.
int flood() {
    signal(SIGHUP, SIG_IGN);
    int ready[2];
    if (pipe(ready) < 0) return 1;
    if (fork() == 0) {
        std::string much(4096, 'x');
        for (bool first = true; write(1, much.data(), much.size()) > 0; first = false)
            if (first && write(ready[1], "r", 1) < 0) return 1;
        return 0;
    }
    char byte = 0;
    ioctl(0, TIOCNOTTY);
    return read(ready[0], &byte, 1) == 1 ? 7 : 1;
}

/// A process that is another one each moment.
int fork_on() {
    note("/forking");
    signal(SIGTERM, SIG_IGN);
    for (;;)
        if (fork() > 0) _exit(0);
}

/// A chain of directories that no path can name, and a wide one, all of them closed.
int deep() {
    std::string name(200, 'd');
    if (mkdir("/deep", 0700) < 0 || chdir("/deep") < 0) return 1;
    for (int i = 0; i < 3000; ++i)
        if (mkdir(name.c_str(), 0700) < 0 || chdir(name.c_str()) < 0) return 1;
    note("last");
    if (chmod(".", 0) < 0 || mkdir("/wide", 0700) < 0) return 1;
    for (int i = 0; i < 3000; ++i)
        if (mkdir(("/wide/" + std::to_string(i)).c_str(), 0) < 0) return 1;
    return 0;
}

/// Holds a lease on a file, so that who opens it waits for us (fcntl(2), F_SETLEASE).
int lease(const char* path) {
    signal(SIGIO, SIG_IGN);
    int fd = open(path, O_RDONLY);
    if (fd < 0 || fcntl(fd, F_SETLEASE, F_RDLCK) < 0) return 1;
    note("/leased");
    for (;;) pause();
}

}  // namespace

int main(int argc, char** argv) {
    std::string what = argc > 1 ? argv[1] : "";
    if (what == "trace") return trace();
    if (what == "flood") return flood();
    if (what == "fork") return fork_on();
    if (what == "deep") return deep();
    if (what == "lease" && argc > 2) return lease(argv[2]);
    return 2;
}
