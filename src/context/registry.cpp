#include "context/registry.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <utility>

#include "base/text.hpp"
#include "model/name.hpp"
#include "model/paths.hpp"
#include "sys/file.hpp"
#include "sys/process.hpp"
#include "sys/raw_mount.hpp"

namespace vs::context {

namespace {

using model::paths::kRun;

constexpr const char* kLockFile = "lock";

std::string directory() { return kRun + "/.contexts"; }

/// What does not fit would be another's number.
template <typename Number = std::uint64_t>
Result<Number> number_in(const std::map<std::string_view, std::string_view>& fields, std::string_view key) {
    auto found = fields.find(key);
    auto value = found == fields.end() ? std::nullopt : base::parse_number(found->second);
    if (!value || !std::in_range<Number>(*value)) return fail(Code::failed, "the record of a context has no good '{}'", key);
    return static_cast<Number>(*value);
}

bool lives(const Record& record) {
    if (record.home != sys::raw::pid_namespace()) return true;  // not ours to judge
    auto start = sys::start_time(record.init);
    return start && *start == record.init_start;
}

struct Found {
    std::vector<Record> living;
    std::vector<std::string> dead;
};

Result<Found> look(sys::FdRef dir) {
    Found found;
    for (const auto& name : TRY(sys::list_dir(dir))) {
        if (name == kLockFile) continue;
        auto text = sys::read_file(dir, name);
        if (!text) continue;  // its context has just ended
        auto record = parse_record(*text);
        if (record && lives(*record)) found.living.push_back(std::move(*record));
        else found.dead.push_back(name);
    }
    return found;
}

}  // namespace

std::string print_record(const Record& record) {
    return fmt::format(
        "number {}\nname {}\ninit {}\ninit_start {}\nhome {}\nprocesses {}\nareas {}\nflags {}\nkeep {}\nno_new_privileges {}\n",
        record.number, record.name, record.init, record.init_start, record.home, record.processes, record.areas, record.flags,
        record.keep.bits(), record.no_new_privileges ? 1 : 0);
}

Result<Record> parse_record(std::string_view text) {
    std::map<std::string_view, std::string_view> fields;
    for (auto line : base::split(text, '\n'))
        if (auto blank = line.find(' '); blank != std::string_view::npos) fields.emplace(line.substr(0, blank), line.substr(blank + 1));
    Record record;
    record.number = TRY(number_in(fields, "number"));
    record.name = std::string(fields["name"]);
    record.init = TRY(number_in<pid_t>(fields, "init"));
    record.init_start = TRY(number_in(fields, "init_start"));
    record.home = TRY(number_in(fields, "home"));
    record.processes = TRY(number_in(fields, "processes"));
    record.areas = TRY(number_in<Areas>(fields, "areas"));
    record.flags = TRY(number_in<Flags>(fields, "flags"));
    record.keep = model::CapabilitySet::from_bits(TRY(number_in(fields, "keep")));
    record.no_new_privileges = TRY(number_in(fields, "no_new_privileges")) != 0;
    return record;
}

Result<Choice> parse_choice(std::string_view text) {
    if (text.find_first_not_of("0123456789") != std::string_view::npos)
        return Choice{.number = 0, .name = TRY(model::ServerName::parse(text)).text()};
    auto number = base::parse_number(text).value_or(0);
    if (number >= kFirstServer && number <= kLastServer)
        return fail(Code::usage, "the contexts {} to {} are virtual servers: use 'vserver NAME exec'", kFirstServer, kLastServer);
    if (number == 0 || number > kLastNumber) return fail(Code::usage, "a context has a number from 1 to {}, or a name", kLastNumber);
    return Choice{.number = number, .name = {}};
}

Result<Registry> Registry::open() {
    Registry registry;
    TRY(sys::make_dir(sys::kHere, kRun, 0700, sys::IfExists::keep));
    TRY(sys::make_dir(sys::kHere, directory(), 0700, sys::IfExists::keep));
    registry.dir_ = TRY(sys::open_dir(sys::kHere, directory()));
    registry.lock_ = TRY(sys::lock_file(registry.dir_, kLockFile, sys::LockWait::wait));
    auto found = TRY(look(registry.dir_));
    for (const auto& name : found.dead) (void)sys::remove_file(registry.dir_, name);  // its reaper may have been quicker
    registry.records_ = std::move(found.living);
    return registry;
}

const Record* Registry::find(const Choice& choice) const {
    auto found = std::ranges::find_if(records_, [&](const Record& record) {
        return choice.number != 0 ? record.number == choice.number : record.name == choice.name;
    });
    return found == records_.end() ? nullptr : &*found;
}

Result<std::uint64_t> Registry::free_number() const {
    for (std::uint64_t number = kFirstFree; number <= kLastNumber; ++number)
        if (std::ranges::find(records_, number, &Record::number) == records_.end()) return number;
    return fail(Code::busy, "every number of a context is taken");
}

Result<> Registry::add(const Record& record) {
    return sys::replace_file(dir_, std::to_string(record.number), print_record(record), 0600, sys::Durability::volatile_);
}

std::string Registry::path_of(std::uint64_t number) { return fmt::format("{}/{}", directory(), number); }

std::vector<Record> living_records() {
    auto dir = sys::open_dir(sys::kHere, directory());
    if (!dir) return {};
    auto found = look(*dir);
    return found ? std::move(found->living) : std::vector<Record>();
}

}  // namespace vs::context
