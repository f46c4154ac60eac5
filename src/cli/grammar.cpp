#include "cli/grammar.hpp"

#include <algorithm>
#include <array>

namespace vs::cli {

namespace {

constexpr std::array kOptions = {
    Option{Opt::from, "from", 0, "SOURCE", "host, debian, debian:SUITE, or a tar archive"},
    Option{Opt::image, "image", 0, "ID", "stand on an image that is there already"},
    Option{Opt::packages, "packages", 0, "A,B", "packages beside the base system", true},
    Option{Opt::address, "address", 0, "ADDRESS", "an address of its own, IPv4 or IPv6", true},
    Option{Opt::network, "network", 0, "KIND", "private (the default), bind, none or host"},
    Option{Opt::hostname, "hostname", 0, "NAME", "its host name; else the name of the server"},
    Option{Opt::domain, "domain", 0, "NAME", "its domain name"},
    Option{Opt::nameserver, "nameserver", 0, "ADDRESS", "a name server; else those of the host", true},
    Option{Opt::port, "port", 0, "[ADDRESS:]PORT:PORT[/udp]", "a port of the host that leads to one of the server", true},
    Option{Opt::memory, "memory", 0, "SIZE", "at most so much memory: 512M, 2G"},
    Option{Opt::processes, "processes", 0, "COUNT", "at most so many processes; 0: no limit"},
    Option{Opt::init, "init", 0, "KIND", "auto (the default), guest or services"},
    Option{Opt::dry_run, "dry-run", 'n', "", "say what would be done, and touch nothing"},
    Option{Opt::yes, "yes", 'y', "", "do not ask"},
    Option{Opt::kill, "kill", 0, "", "at once, without asking its init"},
    Option{Opt::timeout, "timeout", 0, "TIME", "how long its init may take: 30s, 5m; else as its settings say"},
    Option{Opt::ip, "ip", 0, "ADDRESS", "an address of the host, IPv4 or IPv6, or a device for all of its", true},
    Option{Opt::undo, "undo", 0, "", "let it use every address again"},
    Option{Opt::full, "full", 0, "", "read everything, the image too, and compare what is cached with what is stored"},
    Option{Opt::budget, "budget", 0, "SIZE", "read at most so much (guard watch: in an hour); what is left out makes the verdict UNKNOWN"},
    Option{Opt::command, "command", 0, "PROGRAM", "is run for each alert, with the server, the kind and the sentence"},
    Option{Opt::console, "console", 0, "", "there is another way in than the network: a console"},
    Option{Opt::behind_rules, "behind-rules", 0, "", "the devices stay, behind rules that pass what is a server's"},
    Option{Opt::wire, "wire", 0, "FILE", "what nmap -oG found from another machine"},
    Option{Opt::user, "user", 'u', "USER", "a user of the server, by name or number; else root"},
    Option{Opt::directory, "directory", 'w', "DIR", "where to run it; else /"},
    Option{Opt::environment, "environment", 'e', "KEY=VALUE", "a variable for its environment", true},
    Option{Opt::terminal, "terminal", 't', "", "always give it a terminal"},
    Option{Opt::no_terminal, "no-terminal", 'T', "", "never give it a terminal"},
    Option{Opt::follow, "follow", 'f', "", "go on with what comes, until it is ended"},
    Option{Opt::since, "since", 0, "TIME", "from then on: 2026-11-22T03:00:00 (UTC), or 10m: ten minutes ago"},
    Option{Opt::until, "until", 0, "TIME", "up to then"},
    Option{Opt::grep, "grep", 0, "TEXT", "lines that contain it"},
    Option{Opt::priority, "priority", 0, "LEVEL", "this severe or more: emerg, alert, crit, err, warning, notice, info, debug"},
    Option{Opt::boot, "boot", 0, "", "since the machine was started last"},
    Option{Opt::verify, "verify", 0, "", "say whether it is what was written, or name the first record that is not"},
    Option{Opt::export_, "export", 0, "", "a document of records, each with the proof that it belongs to the log"},
    Option{Opt::checkpoints, "checkpoints", 0, "", "a document of all that is signed, for a witness on another machine"},
    Option{Opt::key, "key", 0, "KEY", "the verification key that was kept elsewhere; else the machine's word"},
    Option{Opt::grant, "grant", 0, "TOOL", "reducecap: let ordinary users lower the ceiling of setuid programs"},
    Option{Opt::revoke, "revoke", 0, "TOOL", "undo --grant"},
    Option{Opt::all, "all", 0, "", "every server"},
    Option{Opt::running, "running", 0, "", "every server that runs"},
    Option{Opt::json, "json", 0, "", "one JSON document instead of text"},
    Option{Opt::help, "help", 'h', "", "say what the verb does"},
};

constexpr std::array kGroups = {Group::making, Group::running, Group::looking, Group::inside, Group::files, Group::guarding, Group::machine};

constexpr Opt kBuild[] = {Opt::from, Opt::image, Opt::packages, Opt::address, Opt::network, Opt::hostname, Opt::domain,
                          Opt::nameserver, Opt::port, Opt::memory, Opt::processes, Opt::init, Opt::dry_run};
constexpr Opt kDelete[] = {Opt::yes, Opt::dry_run};
constexpr Opt kDryRun[] = {Opt::dry_run};
constexpr Opt kStop[] = {Opt::kill, Opt::timeout};
constexpr Opt kQuery[] = {Opt::json};
constexpr Opt kLogs[] = {Opt::follow, Opt::since, Opt::until, Opt::grep, Opt::priority, Opt::boot, Opt::verify, Opt::export_, Opt::checkpoints, Opt::key, Opt::json};
constexpr Opt kDoctor[] = {Opt::grant, Opt::revoke, Opt::json};
constexpr Opt kExec[] = {Opt::user, Opt::directory, Opt::environment, Opt::terminal, Opt::no_terminal};
constexpr Opt kScan[] = {Opt::full, Opt::budget, Opt::json};
constexpr Opt kWatch[] = {Opt::command, Opt::budget, Opt::json};
constexpr Opt kSecureHost[] = {Opt::console, Opt::behind_rules, Opt::wire, Opt::json};
constexpr Opt kSuexec[] = {Opt::directory, Opt::environment, Opt::terminal, Opt::no_terminal};

constexpr Opt kShield[] = {Opt::yes, Opt::dry_run, Opt::json};
constexpr Opt kHostService[] = {Opt::ip, Opt::undo, Opt::dry_run};

constexpr std::size_t kAny = kCommandFollows - 1;

constexpr std::array kVerbs = {
    Verb{.id = VerbId::build, .name = "build", .alias = "", .group = Group::making, .names = Names::one,
         .options = kBuild, .help = "make a server: an image, its own layer and its settings"},
    Verb{.id = VerbId::delete_, .name = "delete", .alias = "destroy", .group = Group::making, .names = Names::several,
         .options = kDelete, .help = "delete a stopped server with everything in it"},
    Verb{.id = VerbId::images, .name = "images", .alias = "", .group = Group::making, .names = Names::none,
         .arguments = "[list | remove ID...]", .least = 0, .most = kAny, .options = kQuery,
         .help = "list the images that servers stand on, or remove unused ones"},

    Verb{.id = VerbId::start, .name = "start", .alias = "", .group = Group::running, .names = Names::several,
         .options = kDryRun, .help = "start a server"},
    Verb{.id = VerbId::stop, .name = "stop", .alias = "", .group = Group::running, .names = Names::several,
         .options = kStop, .help = "stop a server; whatever is left of it after a while is killed"},
    Verb{.id = VerbId::restart, .name = "restart", .alias = "", .group = Group::running, .names = Names::several,
         .options = kStop, .help = "stop a server if it runs, and start it"},

    Verb{.id = VerbId::list, .name = "list", .alias = "ls", .group = Group::looking, .names = Names::all_by_default,
         .options = kQuery, .help = "list servers, one line for each"},
    Verb{.id = VerbId::status, .name = "status", .alias = "info", .group = Group::looking, .names = Names::several,
         .options = kQuery, .help = "show all that is known of a server; 3 where it does not run"},
    Verb{.id = VerbId::running, .name = "running", .alias = "", .group = Group::looking, .names = Names::several,
         .options = kQuery, .help = "say whether a server runs; 0 where it does, 3 where not"},
    Verb{.id = VerbId::config, .name = "config", .alias = "", .group = Group::looking, .names = Names::one,
         .options = kQuery, .help = "print its settings as they take effect, defaults included"},
    Verb{.id = VerbId::check, .name = "check", .alias = "", .group = Group::looking, .names = Names::several,
         .options = kQuery, .help = "look for what would keep a server from starting or working"},
    Verb{.id = VerbId::logs, .name = "logs", .alias = "", .group = Group::looking, .names = Names::optional,
         .arguments = "[init | witness FILE | forward ADDRESS:PORT]", .least = 0, .most = 2, .options = kLogs,
         .help = "show what a server has logged, or verify that it is that"},

    Verb{.id = VerbId::enter, .name = "enter", .alias = "shell", .group = Group::inside, .names = Names::one,
         .arguments = "[USER]", .least = 0, .most = 1, .options = {}, .status = Status::command,
         .help = "log in: a login shell inside the server"},
    Verb{.id = VerbId::exec, .name = "exec", .alias = "", .group = Group::inside, .names = Names::one,
         .arguments = "CMD [ARG...]", .least = 1, .most = kCommandFollows, .options = kExec, .status = Status::command,
         .help = "run a command inside the server"},
    Verb{.id = VerbId::suexec, .name = "suexec", .alias = "", .group = Group::inside, .names = Names::one,
         .arguments = "USER CMD [ARG...]", .least = 2, .most = kCommandFollows, .options = kSuexec, .status = Status::command,
         .help = "run a command inside the server as one of its users"},
    Verb{.id = VerbId::passwd, .name = "passwd", .alias = "", .group = Group::inside, .names = Names::one,
         .arguments = "[USER]", .least = 0, .most = 1, .options = {},
         .help = "set a password inside the server: asks, or takes one line of input"},

    Verb{.id = VerbId::files, .name = "files", .alias = "", .group = Group::files, .names = Names::one,
         .options = kQuery, .help = "list what to copy to move the server to another machine"},
    Verb{.id = VerbId::mount, .name = "mount", .alias = "", .group = Group::files, .names = Names::one,
         .arguments = "[DIR]", .least = 0, .most = 1, .options = {},
         .help = "show the server's whole tree on the host, read-only"},
    Verb{.id = VerbId::umount, .name = "umount", .alias = "unmount", .group = Group::files, .names = Names::one,
         .arguments = "[DIR]", .least = 0, .most = 1, .options = {}, .help = "undo mount"},

    Verb{.id = VerbId::scan, .name = "scan", .alias = "", .group = Group::guarding, .names = Names::all_by_default,
         .options = kScan, .help = "say whether a server's files are what was accepted; 0 OK, 1 CHANGED, 8 UNKNOWN"},
    Verb{.id = VerbId::accept, .name = "accept", .alias = "", .group = Group::guarding, .names = Names::one,
         .arguments = "[PATH...]", .least = 0, .most = kAny, .options = kQuery,
         .help = "take what scan reports as what the server is to be, everywhere or at some paths"},
    Verb{.id = VerbId::crossview, .name = "crossview", .alias = "", .group = Group::guarding, .names = Names::several,
         .options = kQuery, .help = "hold what the host sees of a running server against what its own tools say; 0, 1 or 8"},
    Verb{.id = VerbId::guard_watch, .name = "guard", .alias = "", .group = Group::guarding, .names = Names::none,
         .arguments = "watch | status", .least = 1, .most = 1, .options = kWatch,
         .help = "watch all servers as they change and tell what should not be, or show what was told"},
    Verb{.id = VerbId::secure_host, .name = "secure-host", .alias = "", .group = Group::guarding, .names = Names::none,
         .arguments = "plan [NAME] | apply [NAME] | undo | prove | resume | catch", .least = 1, .most = 2, .options = kSecureHost,
         .help = "make the main environment unreachable from the network, and prove that it is"},

    Verb{.id = VerbId::doctor, .name = "doctor", .alias = "", .group = Group::machine, .names = Names::none,
         .options = kDoctor, .help = "look for what this machine lacks, and say how to mend it"},
    Verb{.id = VerbId::repair, .name = "repair", .alias = "", .group = Group::machine, .names = Names::none,
         .options = {}, .help = "clean up what killed commands have left"},
    Verb{.id = VerbId::host_service, .name = "host-service", .alias = "", .group = Group::machine, .names = Names::none,
         .arguments = "UNIT", .least = 1, .most = 1, .options = kHostService,
         .help = "lock a service of the host to addresses, by a drop-in of its unit"},
    Verb{.id = VerbId::shield, .name = "shield", .alias = "", .group = Group::machine, .names = Names::none,
         .arguments = "on | off | status | hide on | hide off | hide status", .least = 1, .most = 2, .options = kShield,
         .help = "refuse the host's own processes to signal, trace or enter those of servers"},
};

}  // namespace

std::string_view group_title(Group group) {
    switch (group) {
        case Group::making: return "Make and remove";
        case Group::running: return "Start and stop";
        case Group::looking: return "Look";
        case Group::inside: return "Inside, running or not";
        case Group::files: return "Files";
        case Group::guarding: return "Watch from outside";
        case Group::machine: return "This machine";
    }
    return "";
}

std::span<const Option> options() { return kOptions; }
std::span<const Verb> verbs() { return kVerbs; }
std::span<const Group> groups() { return kGroups; }

const Option& option(Opt id) {
    return *std::find_if(kOptions.begin(), kOptions.end(), [&](const Option& candidate) { return candidate.id == id; });
}

const Verb* find_verb(std::string_view word) {
    for (const auto& candidate : kVerbs)
        if (candidate.name == word || (!candidate.alias.empty() && candidate.alias == word)) return &candidate;
    return nullptr;
}

const Verb& verb(VerbId id) {
    return *std::find_if(kVerbs.begin(), kVerbs.end(), [&](const Verb& candidate) { return candidate.id == id; });
}

bool takes(const Verb& verb, Opt wanted) {
    if (wanted == Opt::help) return true;
    bool selects = verb.names == Names::several || verb.names == Names::all_by_default;
    if (wanted == Opt::all || wanted == Opt::running) return selects;
    return std::find(verb.options.begin(), verb.options.end(), wanted) != verb.options.end();
}

}  // namespace vs::cli
