// Contexts of the public header: made, run in, waited for.

#include <unistd.h>

#include <cerrno>

#include "context/enter.hpp"
#include "library/report.hpp"

namespace {

using namespace vs;
using library::report;
using library::Status;

static_assert(VSERVER_AREA_FS == context::kFiles && VSERVER_AREA_PROC == context::kProcesses && VSERVER_AREA_IPC == context::kIpc &&
              VSERVER_AREA_UTS == context::kNames && VSERVER_AREA_USERS == context::kUsers &&
              VSERVER_AREA_CGROUP == context::kCgroups && VSERVER_AREA_TIME == context::kTime);
static_assert(VSERVER_FLAG_LOCK == context::kLock && VSERVER_FLAG_PRIVATE == context::kPrivate && VSERVER_FLAG_NPROC == context::kNproc &&
              VSERVER_FLAG_SCHED == context::kSched && VSERVER_FLAG_FAKEINIT == context::kFakeInit &&
              VSERVER_FLAG_ULIMIT == context::kUlimit);
static_assert(VSERVER_AREA_DEFAULT == context::kDefaultAreas);

std::uint32_t all_bits(std::span<const context::Word> words) {
    std::uint32_t bits = 0;
    for (const auto& word : words) bits |= word.bit;
    return bits;
}

int bit_of(std::span<const context::Word> words, const char* what, const char* name) {
    std::string known;
    for (const auto& word : words) {
        if (name != nullptr && word.name == name) return static_cast<int>(word.bit);
        known += (known.empty() ? "" : ", ") + std::string(word.name);
    }
    return report(Error{Code::usage, 0, fmt::format("there is no {} '{}'; there are {}", what, name != nullptr ? name : "", known), {}});
}

const char* name_of(std::span<const context::Word> words, std::uint32_t bit) {
    for (const auto& word : words)
        if (word.bit == bit) return word.name.data();  // of literals, so it ends
    return nullptr;
}

Result<context::Choice> choice_of(const vserver_context& asked) {
    if (asked.number != 0 && asked.name != nullptr) return fail(Code::usage, "a context is chosen by its number or by its name");
    return context::parse_choice(asked.name != nullptr ? std::string(asked.name) : std::to_string(asked.number));
}

Result<context::Wish> wish_of(const vserver_context& asked) {
    if ((asked.areas & ~all_bits(context::area_words())) != 0) return fail(Code::usage, "an area of the context that is none");
    if ((asked.flags & ~all_bits(context::flag_words())) != 0) return fail(Code::usage, "a flag of the context that is none");
    if ((asked.ceiling_flags & ~VSERVER_CEILING_NO_NEW_PRIVS) != 0 || (asked.how & ~VSERVER_RUN_DETACHED) != 0)
        return fail(Code::usage, "a flag of the ceiling or the run that is none");
    context::Wish wish;
    wish.areas = asked.areas;
    wish.flags = asked.flags;
    wish.keep = model::CapabilitySet::from_bits(asked.capabilities);
    wish.no_new_privileges = (asked.ceiling_flags & VSERVER_CEILING_NO_NEW_PRIVS) != 0;
    wish.host_name = asked.hostname != nullptr ? asked.hostname : "";
    wish.domain_name = asked.domainname != nullptr ? asked.domainname : "";
    wish.waiting = (asked.how & VSERVER_RUN_DETACHED) != 0 ? context::Waiting::detached : context::Waiting::attached;
    if (asked.announce != nullptr)
        wish.announce = [announce = asked.announce, data = asked.data](const context::Born& born) -> Result<> {
            announce(born.number, data);
            return {};
        };
    return wish;
}

int report_start(const Error& error) {
    const bool command = !error.context.empty() && error.context.back() == context::kCannotRun;
    if (!command) return report(error);
    return report(error, error.errno_value == ENOENT ? Status::not_found : Status::cannot_execute);
}

Result<context::Running> start(const vserver_context* given, char* const argv[], char* const environment[], const void* mask) {
    if (argv == nullptr || argv[0] == nullptr) return fail(Code::usage, "no command");
    auto asked = TRY(library::take(given));
    auto wish = TRY(wish_of(asked));
    const context::Command command{.argv = argv, .environment = environment != nullptr ? environment : environ, .signal_mask = mask};
    if (asked.number == 0 && asked.name == nullptr) return context::begin(wish, command);
    return context::begin_chosen(TRY(choice_of(asked)), std::move(wish), command);
}

Result<int> run(const vserver_context* given, char* const argv[]) {
    sys::Foreground foreground;
    auto signals = TRY(sys::SentSignals::begin());
    auto running = TRY(start(given, argv, nullptr, signals.mask_before()));
    if ((given->how & VSERVER_RUN_DETACHED) != 0) return 0;
    return TRY(context::wait(running, signals)).shell_status();
}

}  // namespace

int vserver_area(const char* name) { return bit_of(context::area_words(), "area", name); }
const char* vserver_area_name(uint32_t bit) { return name_of(context::area_words(), bit); }
int vserver_flag(const char* name) { return bit_of(context::flag_words(), "flag", name); }
const char* vserver_flag_name(uint32_t bit) { return name_of(context::flag_words(), bit); }

int vserver_start(const vserver_context* given, char* const argv[], char* const environment[], vserver_run* run) {
    auto out = library::take(run);
    if (!out) return report(out.error());
    auto running = start(given, argv, environment, nullptr);
    if (!running) return report_start(running.error());
    out->number = running->context.number;
    out->pid = running->context.init;
    out->child = running->child.release();
    out->status = running->status.release();
    library::give(*out, run);
    return 0;
}

int vserver_wait(vserver_run* run, int* status) {
    auto held = library::take(run);
    if (!held) return report(held.error());
    if (held->pid <= 0 || held->child < 0) return report(Error{Code::usage, 0, "a run that was not started, or that was waited for already", {}});
    context::Running running{{}, sys::PidFd(held->child), sys::Fd(held->status), {}};
    held->child = held->status = -1;
    library::give(*held, run);
    auto ended = context::wait(running, context::AtEnd::reap);
    if (!ended) return report(ended.error());
    if (status != nullptr) *status = ended->kind == sys::ExitStatus::Kind::exited ? ended->value << 8 : ended->value;
    return 0;
}

int vserver_run_command(const vserver_context* context, char* const argv[]) {
    auto status = run(context, argv);
    return status ? *status : report_start(status.error());
}
