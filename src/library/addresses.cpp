#include <vserver/vserver.h>

#include <cerrno>

#include "context/context_groups.hpp"
#include "context/honest_command.hpp"
#include "library/report.hpp"

namespace vs::library {

namespace {

constexpr std::uint32_t kKnownFlags = VSERVER_ADDRESSES_OWN_LOOPBACK | VSERVER_ADDRESSES_KEEP_DESCRIPTORS | VSERVER_ADDRESSES_HONEST;

std::vector<std::string> words(const char* const* list) {
    std::vector<std::string> out;
    for (; list != nullptr && *list != nullptr; ++list) out.emplace_back(*list);
    return out;
}

Result<context::LockedCommand> locked_command(const vserver_addresses* given) {
    auto ours = TRY(take(given));
    if ((ours.flags & ~kKnownFlags) != 0 || ours.reserved != 0) return fail(Code::usage, "a flag of the address lock that is not known");
    context::LockedCommand command;
    command.lock.request = {words(ours.addresses), ours.broadcast != nullptr ? ours.broadcast : ""};
    if ((ours.flags & VSERVER_ADDRESSES_OWN_LOOPBACK) != 0) command.lock.loopback = context::LoopbackKind::own;
    if ((ours.flags & VSERVER_ADDRESSES_KEEP_DESCRIPTORS) != 0) command.descriptors = context::Descriptors::all;
    return command;
}

Result<context::LockedEnd> run(const vserver_addresses* addresses, const char* const* argv) {
    auto command = TRY(locked_command(addresses));
    command.argv = words(argv);
    if (command.argv.empty()) return fail(Code::usage, "no command");
    return (addresses->flags & VSERVER_ADDRESSES_HONEST) != 0 ? context::run_honest(command) : context::run_locked(command);
}

Result<> lock(const vserver_addresses* addresses) {
    auto command = TRY(locked_command(addresses));
    if ((addresses->flags & VSERVER_ADDRESSES_HONEST) != 0) return fail(Code::usage, "the lock for honest programs is for a command, not for the caller");
    return context::lock_caller(command.lock);
}

Result<std::string> addresses_of(pid_t pid) {
    std::string text;
    auto lock = TRY(context::lock_around(pid));
    if (!lock) return text;
    for (const auto& own : lock->addresses) text += (text.empty() ? "" : " ") + own.address.text();
    return text;
}

}  // namespace

}  // namespace vs::library

using namespace vs::library;

static_assert(VSERVER_LOCKER_SELF == static_cast<int>(vs::context::Locker::self) &&
              VSERVER_LOCKER_SERVICE == static_cast<int>(vs::context::Locker::service) &&
              VSERVER_LOCKER_NOBODY == static_cast<int>(vs::context::Locker::nobody));

int vserver_address_locker() { return static_cast<int>(vs::context::who_locks()); }

ssize_t vserver_addresses_of(pid_t pid, char* text, size_t size) {
    auto found = addresses_of(pid);
    if (!found) return report(found.error());
    if (size > 0) text[found->copy(text, size - 1)] = '\0';
    return static_cast<ssize_t>(found->size());
}

int vserver_lock_addresses(const vserver_addresses* addresses) { return report(lock(addresses)); }

int vserver_run_locked(const vserver_addresses* addresses, const char* const* command) {
    auto end = run(addresses, command);
    if (!end) return report(end.error());
    if (end->exec_failure) return report(*end->exec_failure, end->exec_failure->errno_value == ENOENT ? Status::not_found : Status::cannot_execute);
    return end->status.shell_status();
}
