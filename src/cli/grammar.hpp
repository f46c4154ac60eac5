#pragma once
// What can be said to vserver: one table of options and one of verbs. The parser, the help, the completion and the synopsis
// of the manual page come from it, so a verb that is added here is known everywhere.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

namespace vs::cli {

enum class Opt : std::uint8_t {
    from, image, packages, address, network, hostname, domain, nameserver, port, memory, processes, init, dry_run,
    yes, kill, timeout, ip, undo,
    full, budget, console, behind_rules, wire, command,
    user, directory, environment, terminal, no_terminal,
    follow, since, until, grep, priority, boot, verify, export_, checkpoints, key,
    grant, revoke, all, running, json, help,
};

struct Option {
    Opt id;
    std::string_view name;      ///< without its dashes
    char letter = 0;            ///< 'u' for -u; 0 where it has none
    std::string_view value;     ///< what it takes: "USER"; empty: nothing
    std::string_view help;
    bool repeatable = false;
};

enum class VerbId : std::uint8_t {
    build, delete_, images,
    start, stop, restart,
    list, status, running, config, check, logs,
    enter, exec, suexec, passwd,
    files, mount, umount,
    scan, accept, crossview, guard_watch, secure_host,
    doctor, repair, host_service, shield,
};

enum class Group : std::uint8_t { making, running, looking, inside, files, guarding, machine };
std::string_view group_title(Group group);

/// Which servers a verb is about.
enum class Names : std::uint8_t {
    none,
    one,
    optional,        ///< before the verb, or not at all
    several,         ///< NAME..., --all or --running
    all_by_default,  ///< the same; none at all means --all
};

/// Whose exit status a verb ends with.
enum class Status : std::uint8_t {
    ours,
    command,  ///< that of a command inside the server: every failure of our own is 125
};

struct Verb {
    VerbId id;
    std::string_view name;
    std::string_view alias;                ///< empty where it has none
    Group group;
    Names names;
    std::string_view arguments = {};       ///< beside names and options: "[DIR]"
    std::size_t least = 0, most = 0;       ///< how many of them
    std::span<const Opt> options = {};     ///< beside --help and what `names` brings
    Status status = Status::ours;
    std::string_view help;                 ///< one line
};

/// As the last of the arguments: a command, whose own options are none of our business.
inline constexpr std::size_t kCommandFollows = std::numeric_limits<std::size_t>::max();

std::span<const Option> options();
std::span<const Verb> verbs();
std::span<const Group> groups();

const Option& option(Opt id);
/// By name or alias; nullptr where there is none.
const Verb* find_verb(std::string_view word);
const Verb& verb(VerbId id);
/// True where the verb takes the option.
bool takes(const Verb& verb, Opt option);

}  // namespace vs::cli
