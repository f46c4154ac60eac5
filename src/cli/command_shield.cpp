// shield

#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/json.hpp"
#include "cli/output.hpp"
#include "cli/tables.hpp"
#include "server/hiding.hpp"
#include "server/shield.hpp"

namespace vs::cli {

namespace {

constexpr int kOff = 3;  // of a thing that does not run, as LSB has it

Result<int> show_shield(const Invocation& line) {
    auto status = TRY(server::shield_status());
    print(line.has(Opt::json) ? json_shield(status) : shield_text(status));
    return status.up ? 0 : kOff;
}

Result<int> show_hiding(const Invocation& line) {
    HidingReport report{TRY(server::servers_are_hidden()), TRY(server::services_with_own_proc()), {}};
    if (report.hidden) report.blinded = TRY(server::find_blinded());
    print(line.has(Opt::json) ? json_hiding(report) : hiding_text(report));
    return report.hidden ? 0 : kOff;
}

Result<int> hide(const Invocation& line) {
    auto blinded = TRY(server::plan_hiding());
    print(blinded_text(blinded));
    if (line.has(Opt::dry_run)) return 0;
    TRY(server::give_own_proc(blinded.services));
    if (!line.has(Opt::yes) && !(blinded.running.empty() && blinded.others.empty()))
        return fail(Code::busy, "what is listed would not see the machine any more: restart the services, or the machine, and say this again; or say --yes");
    TRY(server::hide_servers());
    print("the processes of servers are hidden, and from ordinary users those of others\n");
    return 0;
}

Result<int> show(const Invocation& line) {
    if (line.has(Opt::dry_run)) return fail(Code::usage, "--dry-run is for 'hide on'");
    print(TRY(server::show_servers()) ? "the machine's /proc shows what it did before\n" : "nothing is hidden\n");
    return 0;
}

Result<int> hiding(const Invocation& line) {
    const auto what = line.arguments.size() > 1 ? line.arguments[1] : std::string();
    if (what == "on") return hide(line);
    if (what == "off") return show(line);
    if (what == "status") return show_hiding(line);
    return fail(Code::usage, "say what: vserver shield hide on, off or status");
}

}  // namespace

Result<int> shield(const Invocation& line) {
    const auto& what = line.arguments[0];
    if (what == "hide") return hiding(line);
    if (line.arguments.size() > 1) return fail(Code::usage, "'{}' is too much: vserver shield {}", line.arguments[1], what);
    if (line.has(Opt::dry_run) || line.has(Opt::yes)) return fail(Code::usage, "--dry-run and --yes are for 'hide on'");
    if (what == "status") return show_shield(line);
    if (what == "on") TRY(server::shield_on());
    else if (what == "off") TRY(server::shield_off());
    else return fail(Code::usage, "'{}' is none of: on, off, status, hide", what);
    print(fmt::format("the shield is {}\n", what));
    return 0;
}

}  // namespace vs::cli
