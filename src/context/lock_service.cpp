#include "context/lock_service.hpp"

#include <algorithm>
#include <cerrno>

#include "context/context_groups.hpp"
#include "context/counted_group.hpp"
#include "context/lock_protocol.hpp"
#include "context/process_status.hpp"
#include "model/paths.hpp"
#include "sys/file.hpp"
#include "sys/local_socket.hpp"

namespace vs::context {

namespace {

constexpr sys::Milliseconds kPatience(5000);
constexpr std::size_t kMostInside = 16;  // locks in one of root's, further ones inside them included
constexpr std::size_t kDeepest = 8;      // each runs its own programs for every packet

Result<std::string> text_of(const LockAsk::Word& word) {
    auto end = std::ranges::find(word, '\0');
    if (end == word.end()) return fail(Code::usage, "a word of the request has no end");
    return std::string(word.begin(), end);
}

struct Asked {
    LockRequest request;
    LoopbackKind loopback = LoopbackKind::host;
};

Result<Asked> receive(sys::FdRef connection) {
    auto message = TRY(sys::receive_message(connection));
    LockAsk ask;
    if (message.size() != sizeof ask) return fail(Code::usage, "the request has {} bytes: is chbind of another version?", message.size());
    std::copy_n(message.data(), sizeof ask, reinterpret_cast<char*>(&ask));
    if (ask.magic != kLockAskMagic || ask.own_loopback > 1) return fail(Code::usage, "the request is none: is chbind of another version?");
    Asked asked;
    asked.loopback = ask.own_loopback == 1 ? LoopbackKind::own : LoopbackKind::host;
    asked.request.broadcast = TRY(text_of(ask.broadcast));
    for (const auto& word : ask.addresses) {
        auto text = TRY(text_of(word));
        if (!text.empty()) asked.request.addresses.push_back(std::move(text));
    }
    return asked;
}

/// Whoever asks, verified and held.
struct Asker {
    pid_t pid = 0;
    std::uint32_t uid = 0;
};

/// An ordinary user must have given up setuid programs: they would act as root, under a lock that he chose. A thread of its own could
/// have kept them, so there must be one only; what it starts from here on cannot get them back.
Result<> check_harmless(const Asker& asker) {
    auto status = TRY(read_status(asker.pid));
    if (std::ranges::any_of(status.uids, [&](std::uint32_t uid) { return uid != asker.uid; }))
        return fail(Code::denied, "process {} is of several users", asker.pid);
    if (asker.uid != 0 && (status.threads != 1 || !status.no_new_privileges))
        return fail(Code::denied, "process {} has not given up new privileges, or has several threads", asker.pid);
    return {};
}

Result<> check_network(const Asker& asker) {
    auto theirs = TRY(sys::read_link(sys::kHere, fmt::format("/proc/{}/ns/net", asker.pid)));
    if (theirs == TRY(sys::read_link(sys::kHere, "/proc/self/ns/net"))) return {};
    return fail(Code::unsupported, "this process is in a network namespace of its own, where none of this host's addresses are");
}

Result<Asker> hold_asker(sys::FdRef connection) {
    auto peer = TRY(sys::peer_of(connection));
    auto process = TRY(sys::peer_process(connection));
    TRY(sys::hold_pid(peer.pid));
    if (TRY(sys::wait_for_exit(process, sys::Milliseconds(0)))) return fail(Code::not_running, "whoever asked has ended");
    Asker asker{peer.pid, peer.uid};
    TRY(check_harmless(asker));
    TRY(check_network(asker));
    return asker;
}

Result<std::vector<model::Grant>> read_grants() {
    const auto& path = model::paths::kGrants;
    if (!TRY(sys::exists(sys::kHere, path))) return std::vector<model::Grant>();
    auto file = TRY(sys::open_at(sys::kHere, path, 0));
    auto status = TRY(sys::stat_fd(file));
    if (status.st_uid != 0 || (status.st_mode & 022) != 0)
        return fail(Code::denied, "{} counts for nothing: somebody else than root may write it", path);
    return model::parse_grants(TRY(sys::read_all(file)), path);
}

/// A group outside of ours can have programs over it that are not over ours: a unit's IPAddressDeny= and DeviceAllow= (systemd.resource-control(5)),
/// the lock of a service of the host. They would hold the asker no longer. Nor would the count of a context (counted_group.hpp).
Result<> check_nothing_is_left_behind(const Asker& asker, sys::FdRef ours) {
    if (TRY(is_counted_by_version2(asker.pid)))
        return fail(Code::denied, "process {} is in a context that counts as one: a lock would take it out of that", asker.pid);
    const auto group = TRY(group_of(asker.pid));
    const auto here = TRY(sys::programs_over(TRY(sys::open_dir(sys::kHere, group)))), there = TRY(sys::programs_over(ours));
    if (std::ranges::includes(there, here)) return {};
    return fail(Code::denied, "process {} is in '{}', which has rules for addresses or devices of its own: a lock would take it out of them", asker.pid, group);
}

/// Which lock, and the directory of its group.
struct Decision {
    AddressLock lock;
    LoopbackKind loopback = LoopbackKind::host;
    std::string above;
};

class Judge {
  public:
    Judge(ContextGroups& groups, const Asker& asker, const Asked& asked) : groups_(groups), asker_(asker), asked_(asked) {}

    Result<Decision> decide() {
        auto wanted = TRY(plan_lock(asked_.request));
        auto place = TRY(groups_.place_of(asker_.pid));
        if (place.kind == LockPlace::Kind::other) return fail(Code::denied, "a process of a server is locked by its server's settings only");
        if (place.kind == LockPlace::Kind::locked) return inside(place.path, std::move(wanted));
        TRY(check_nothing_is_left_behind(asker_, groups_.dir()));
        if (asker_.uid == 0) return Decision{std::move(wanted), asked_.loopback, groups_.path()};
        return granted(std::move(wanted));
    }

  private:
    Result<Decision> inside(const std::string& path, AddressLock wanted) {
        auto outer = TRY(TRY(AddressLocker::open()).read(TRY(sys::open_dir(sys::kHere, path))));
        if (!outer) return fail(Code::busy, "the lock around this process is just being made");
        const auto outermost = groups_.outermost(path);
        const auto depth = std::count(path.begin() + static_cast<std::ptrdiff_t>(outermost.size()), path.end(), '/');
        if (depth + 1 >= static_cast<std::ptrdiff_t>(kDeepest)) return fail(Code::busy, "this is the {}th lock inside another: no further one", kDeepest);
        if (TRY(groups_.count(outermost)) >= kMostInside) return fail(Code::busy, "there are {} locks inside this one already", kMostInside);
        return Decision{TRY(narrow(*outer, std::move(wanted), asked_.loopback)), LoopbackKind::host, path};
    }

    Result<Decision> granted(AddressLock wanted) {
        auto grants = TRY(read_grants());
        const auto* grant = model::find_grant(grants, asker_.uid, TRY(sys::read_file(sys::kHere, "/etc/passwd")));
        if (grant == nullptr)
            return fail(Code::denied, "no address is granted to uid {}: root can, in {}", asker_.uid, model::paths::kGrants);
        TRY(check_granted(wanted, *grant));
        if (grant->low_ports) wanted.low_port_uid = asker_.uid;
        auto above = TRY(groups_.directory_of(asker_.uid, *grant));
        if (TRY(groups_.count(above)) >= grant->locks)
            return fail(Code::busy, "uid {} has {} locks already, as many as he may", asker_.uid, grant->locks);
        return Decision{std::move(wanted), asked_.loopback, std::move(above)};
    }

    ContextGroups& groups_;
    const Asker& asker_;
    const Asked& asked_;
};

/// From the look at where the asker is until he is moved it is our turn: of two that he asks for at once, the second is inside the first.
Result<> lock_asker(sys::FdRef connection) {
    auto asked = TRY(receive(connection));
    auto asker = TRY(hold_asker(connection));
    auto groups = TRY(ContextGroups::open());
    TRY(groups.sweep());
    auto decision = TRY(Judge(groups, asker, asked).decide());
    auto group = TRY(make_locked_group(groups, decision.above, std::move(decision.lock), decision.loopback));
    auto moved = sys::write_kernel_file(group.dir, "cgroup.procs", std::to_string(asker.pid));
    if (!moved) (void)groups.sweep();
    return moved;
}

LockAnswer answer_of(const Result<>& result) {
    LockAnswer answer;
    if (result) {
        answer.refused = 0;
        return answer;
    }
    answer.code = static_cast<std::int32_t>(result.error().code);
    result.error().message().copy(answer.sentence.data(), answer.sentence.size() - 1);
    return answer;
}

}  // namespace

Result<AddressLock> narrow(const AddressLock& outer, AddressLock wanted, LoopbackKind loopback) {
    for (const auto& [address, prefix] : wanted.addresses)
        if (std::ranges::find(outer.addresses, address, &LockedAddress::address) == outer.addresses.end())
            return fail(Code::denied, "{} is not among the addresses that this process is locked to: a lock inside another can only narrow it",
                        address.text());
    if (loopback == LoopbackKind::own && !outer.loopback)
        return fail(Code::denied, "this process is locked to its addresses and the host's loopback: inside it there is no other");
    std::erase_if(wanted.broadcasts, [&](const auto& address) { return std::ranges::find(outer.broadcasts, address) == outer.broadcasts.end(); });
    wanted.loopback = outer.loopback;
    return wanted;
}

Result<> check_granted(const AddressLock& wanted, const model::Grant& grant) {
    for (const auto& [address, prefix] : wanted.addresses)
        if (std::ranges::find(grant.addresses, address) == grant.addresses.end())
            return fail(Code::denied, "{} is not granted to '{}' in {}", address.text(), grant.user, model::paths::kGrants);
    return {};
}

Result<> serve_lock(sys::FdRef connection) {
    TRY(sys::limit_waiting(connection, kPatience));
    auto answer = answer_of(lock_asker(connection));
    return sys::send_message(connection, {reinterpret_cast<const char*>(&answer), sizeof answer});
}

}  // namespace vs::context
