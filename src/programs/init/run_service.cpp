// Part of a freestanding program: see init.cpp.

#include "programs/init/run_service.hpp"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "model/accounts.hpp"

namespace vs::init {

namespace {

constexpr int kCannotRun = 126;
constexpr int kNotFound = 127;

// Touched in the child only: in PID 1 these are addresses without memory behind them.
using Text = std::array<char, 1 << 19>;
Text passwd_text;
Text group_text;
std::array<gid_t, 256> group_room;

/// Says what failed and why, and ends the child.
class Failure {
  public:
    Failure(const model::ServiceEntry& service, Console& console) : service_(service), console_(console) {}
    [[noreturn]] void cannot(const char* what) const { cannot(what, std::strerror(errno)); }
    [[noreturn]] void cannot(const char* what, const char* why) const {
        console_.line("%s: cannot %s: %s", service_.name.data(), what, why);
        ::_exit(kCannotRun);
    }

  private:
    const model::ServiceEntry& service_;
    Console& console_;
};

/// A regular file of the guest, whole; a missing one is empty. A FIFO or device in its place does not make us wait.
std::string_view read_whole(const char* path, Text& room, const Failure& failure) {
    int fd = ::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 && errno == ENOENT) return {};
    struct stat about {};
    if (fd < 0 || ::fstat(fd, &about) < 0) failure.cannot("read the accounts");
    if (!S_ISREG(about.st_mode)) failure.cannot("read the accounts", "not a regular file");
    std::size_t used = 0;
    while (used < room.size()) {
        ssize_t got = ::read(fd, room.data() + used, room.size() - used);
        if (got < 0) failure.cannot("read the accounts");
        if (got == 0) break;
        used += static_cast<std::size_t>(got);
    }
    if (used == room.size()) failure.cannot("read the accounts", "the file is too long");
    ::close(fd);
    return {room.data(), used};
}

/// Root keeps what it has, but nothing inheritable (CVE-2022-27650). Anybody else keeps nothing, whatever our
/// securebits say.
bool settle_capabilities(uid_t uid) {
    __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> sets{};
    if (::syscall(SYS_capget, &header, sets.data()) < 0) return false;
    for (auto& set : sets) {
        set.inheritable = 0;
        if (uid != 0) set.effective = set.permitted = 0;
    }
    if (::syscall(SYS_capset, &header, sets.data()) < 0) return false;
    return ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) == 0;
}

model::Account become(std::string_view user, const Failure& failure) {
    auto account = model::find_account(read_whole("/etc/passwd", passwd_text, failure), user);
    if (!account) failure.cannot("find its user", user.data());
    auto count = model::find_groups(read_whole("/etc/group", group_text, failure), account->name, group_room);
    if (!count) failure.cannot("take its groups", "they are too many");
    if (::setgroups(*count, group_room.data()) < 0) failure.cannot("take its groups");
    if (::setresgid(account->gid, account->gid, account->gid) < 0) failure.cannot("take its group");
    if (::setresuid(account->uid, account->uid, account->uid) < 0) failure.cannot("take its user");
    if (!settle_capabilities(account->uid)) failure.cannot("settle its capabilities");
    return *account;
}

/// KEY=value words and the pointers to them. What does not fit is a failure: half a value may mean something else.
class Environment {
  public:
    explicit Environment(const Failure& failure) : failure_(failure) {}
    const char* add(const char* key, std::string_view value) {
        char* word = bytes_.data() + used_;
        auto room = bytes_.size() - used_;
        auto length = static_cast<std::size_t>(
            std::snprintf(word, room, "%s=%.*s", key, static_cast<int>(value.size()), value.data()));
        if (length >= room || count_ + 1 == words_.size()) failure_.cannot("make its environment", "too long");
        used_ += length + 1;
        words_[count_++] = word;
        return word + std::strlen(key) + 1;
    }
    [[nodiscard]] char* const* words() { return words_.data(); }

  private:
    const Failure& failure_;
    std::array<char, 4096> bytes_{};
    std::array<char*, 8> words_{};
    std::size_t used_ = 0;
    std::size_t count_ = 0;
};

constexpr std::string_view kPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Goes to the user's home on the way, or to "/" where it has none.
void fill(Environment& environment, const model::Account& account) {
    auto or_else = [](std::string_view value, std::string_view instead) { return value.empty() ? instead : value; };
    environment.add("PATH", kPath);
    environment.add("USER", account.name);
    environment.add("LOGNAME", account.name);
    environment.add("SHELL", or_else(account.shell, "/bin/sh"));
    if (const char* container = std::getenv("container")) environment.add("container", container);
    const char* home = environment.add("HOME", or_else(account.home, "/"));
    if (::chdir(home) < 0 && ::chdir("/") < 0) ::_exit(kCannotRun);
}

/// Not execvp(3), which hands a file that it cannot run to a shell. Returns only where no directory has it.
void search_and_execute(char* const* argv, char* const* environment) {
    if (std::strchr(argv[0], '/') != nullptr) {
        ::execve(argv[0], argv, environment);
        return;
    }
    for (std::string_view rest = kPath; !rest.empty();) {
        auto length = std::min(rest.find(':'), rest.size());
        std::array<char, 4096> path;
        int used = std::snprintf(path.data(), path.size(), "%.*s/%s", static_cast<int>(length), rest.data(), argv[0]);
        if (static_cast<std::size_t>(used) < path.size()) ::execve(path.data(), argv, environment);
        if (errno != ENOENT && errno != ENOTDIR) return;
        rest.remove_prefix(std::min(length + 1, rest.size()));
    }
}

void open_null_input(const Failure& failure) {
    int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (null < 0 || ::dup2(null, STDIN_FILENO) < 0) failure.cannot("open /dev/null");
}

}  // namespace

void run_service(const model::ServiceEntry& service, Console& console) {
    Failure failure(service, console);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::setsid();
    open_null_input(failure);
    model::Account account = become(service.user, failure);
    Environment environment(failure);
    fill(environment, account);
    model::Argv argv = model::argv_of(service);
    // execve(2) takes pointers to non-const for history's sake and changes nothing.
    search_and_execute(const_cast<char* const*>(argv.data()), environment.words());
    int reason = errno;
    console.line("%s: cannot run %s: %s", service.name.data(), argv[0], std::strerror(reason));
    ::_exit(reason == ENOENT || reason == ENOTDIR ? kNotFound : kCannotRun);
}

}  // namespace vs::init
