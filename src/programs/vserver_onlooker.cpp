// vserver-onlooker: looks into what was seen of servers from outside, as nobody. Not for people.
//
//     vserver-onlooker                    what was gathered of one server (guard/testimony.hpp): 3, and the report: 4. crossview starts it
//                                         as root of a user namespace that owns nothing on the host, without network
//     vserver-onlooker digest             the digest of the file that is 3, which some process of a server executes; crossview's rights
//     vserver-onlooker events DIRECTORY   file events of the servers below DIRECTORY (guard/event_reader.hpp). The watch starts it as root;
//                                         it becomes a user that nobody else is
//
// What it reads holds names and words of a stranger's choice. Before it reads the first byte it gives up every capability but the one that
// names what an event is about, every file (Landlock), and the system calls that the work does not take.
//
// On failure one sentence on standard output, and status 1.

#include <linux/securebits.h>
#include <sodium.h>

#include <cstdio>

#include "context/ceiling.hpp"
#include "guard/content_digest.hpp"
#include "guard/event_reader.hpp"
#include "guard/surveyor_protocol.hpp"
#include "guard/testimony.hpp"
#include "programs/confinement.hpp"
#include "programs/onlooker_filter.hpp"
#include "sys/call.hpp"
#include "sys/file.hpp"
#include "sys/process.hpp"
#include "sys/raw.hpp"
#include "sys/unix_socket.hpp"

namespace {

using namespace vs;

void say(std::string_view line) {
    std::fputs(fmt::format("{}\n", line).c_str(), stdout);
    std::fflush(stdout);
}

Result<> look_into_testimony() {
    constexpr sys::FdRef kTestimony{3}, kReport{4};
    TRY(programs::confine({.capabilities = {}, .readable = {}, .largest_file = guard::kLargestTestimony, .filter = programs::testimony_filter()}));
    auto text = TRY(guard::protocol::read_whole(kTestimony, guard::kLargestTestimony));
    return sys::write_all(kReport, guard::print_findings(TRY(guard::look_into(text))));
}

/// Says it.
Result<> digest_file() {
    constexpr sys::FdRef kFile{3};
    if (::sodium_init() < 0) return fail(Code::failed, "cannot prepare the hash functions");
    TRY(programs::confine({.capabilities = {}, .readable = {}, .largest_file = 0, .filter = programs::testimony_filter()}));
    guard::ReadBudget budget{guard::kMostDigested};
    auto size = static_cast<std::uint64_t>(TRY(sys::stat_fd(kFile)).st_size);
    say(TRY(guard::ContentReader().read({kFile}, size, budget)).digest);
    return {};
}

/// From root to a user of its own with one capability.
Result<> become_reader() {
    auto set_of = [](std::initializer_list<const char*> names) {
        model::CapabilitySet set;
        for (const char* name : names) set.add(model::CapabilitySet::number_of(name).value());
        return set;
    };
    TRY(context::apply_ceiling({.capabilities = set_of({"dac_read_search", "setuid", "setgid", "setpcap"}),
                                .new_privileges = context::NewPrivileges::none,
                                .securebits = SECBIT_NO_SETUID_FIXUP | SECBIT_NOROOT}));
    int code = sys::raw::become_user(guard::kReaderId, guard::kReaderId, nullptr, 0);
    if (code < 0) return std::unexpected<Error>(sys::error_from(-code, "become the reader of events"));
    return programs::confine({.capabilities = set_of({"dac_read_search"}), .readable = {}, .largest_file = 0, .filter = programs::events_filter()});
}

/// Tells the watch what there is to tell, as long as it listens. True where it has been told everything.
Result<bool> tell(guard::Changes& changes, sys::FdRef watch) {
    for (auto message = changes.next(); message; message = changes.next()) {
        if (!TRY(sys::try_send_message(watch, *message))) return false;
        changes.said();
    }
    return true;
}

/// Until the watch ends.
Result<> read_events(const std::string& servers, const sys::SocketFd& watch) {
    TRY(become_reader());
    const sys::FileWatch files{sys::Fd(guard::kEventGroup), sys::DirFd(guard::kEventMount)};
    guard::Changes changes(servers);
    constexpr sys::Milliseconds kAgain{20};  // while the watch has more to hear than it takes
    for (bool told = true;;) {
        auto ready = TRY(sys::wait_readable({watch, files.fd()}, told ? std::nullopt : std::optional(kAgain)));
        if (ready == 0U) {
            auto message = TRY(sys::receive_message(watch));
            if (message.empty()) return {};
            TRY(changes.expect(message));
        } else if (ready == 1U) {
            changes.take(TRY(files.read()));
        }
        told = TRY(tell(changes, watch));
    }
}

int read_events(const std::string& servers) {
    const sys::SocketFd watch(guard::kEventSocket);
    auto done = read_events(servers, watch);
    if (!done) (void)sys::try_send_message(watch, guard::print_failure(done.error()));
    return done ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> words(argv + 1, argv + argc);
    if (words.size() == 2 && words[0] == "events") return read_events(words[1]);
    auto done = words.size() == 1 && words[0] == "digest" ? digest_file() : look_into_testimony();
    if (done) return 0;
    say(done.error().message());
    return 1;
}
