// Part of a freestanding program: see init.cpp.

#include "programs/init/supervisor.hpp"

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

#include "programs/init/run_service.hpp"

namespace vs::init {

void Supervisor::start_due(Instant now) {
    for (std::size_t i = 0; i < table_.count; ++i)
        if (services_[i].state == State::waiting && services_[i].since <= now) start(table_.slots[i], services_[i], now);
}

void Supervisor::start(const model::ServiceEntry& entry, Service& service, Instant now) {
    pid_t pid = ::fork();
    if (pid == 0) run_service(entry, console_);
    if (pid < 0) {
        console_.line("%s: cannot make a process: %s", entry.name.data(), std::strerror(errno));
        service.since = now;
        wait_again(entry, service, now);
        return;
    }
    console_.line("%s: started as process %d", entry.name.data(), pid);
    service.state = State::running;
    service.pid = pid;
    service.since = now;
}

void Supervisor::ended(pid_t child, int status, Instant now) {
    for (std::size_t i = 0; i < table_.count; ++i) {
        if (services_[i].state != State::running || services_[i].pid != child) continue;
        const auto& entry = table_.slots[i];
        if (WIFSIGNALED(status))
            console_.line("%s: ended by signal %d", entry.name.data(), WTERMSIG(status));
        else
            console_.line("%s: ended with status %d", entry.name.data(), WEXITSTATUS(status));
        services_[i].state = State::finished;
        if (entry.restart) wait_again(entry, services_[i], now);
    }
}

void Supervisor::wait_again(const model::ServiceEntry& entry, Service& service, Instant now) {
    auto wait = service.backoff.after(now - service.since);
    console_.line("%s: starting again in %lld s", entry.name.data(), static_cast<long long>(wait.count()));
    service.state = State::waiting;
    service.since = now + wait;
}

std::optional<Instant> Supervisor::next_start() const {
    std::optional<Instant> next;
    for (std::size_t i = 0; i < table_.count; ++i)
        if (services_[i].state == State::waiting && (!next || services_[i].since < *next)) next = services_[i].since;
    return next;
}

}  // namespace vs::init
