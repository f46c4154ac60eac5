// doctor, repair, host-service

#include "cli/commands.hpp"
#include "cli/output.hpp"
#include "cli/tables.hpp"
#include "server/build.hpp"
#include "server/grant.hpp"
#include "server/host_service.hpp"

namespace vs::cli {

namespace {

/// What doctor is asked to change instead of looking.
Result<bool> change_grant(const Invocation& line) {
    if (line.has(Opt::grant) && line.has(Opt::revoke)) return fail(Code::usage, "--grant and --revoke exclude each other");
    if (line.has(Opt::grant)) {
        TRY(server::grant(line.value(Opt::grant)));
        print("reducecap has cap_setpcap: a user's ceiling holds for su too; 'vserver doctor --revoke reducecap' takes it back\n");
    } else if (line.has(Opt::revoke)) {
        TRY(server::revoke(line.value(Opt::revoke)));
        print("reducecap has no capability: a user's ceiling is held by no_new_privs\n");
    }
    return line.has(Opt::grant) || line.has(Opt::revoke);
}

}  // namespace

Result<int> doctor(const Invocation& line) {
    if (TRY(change_grant(line))) return 0;
    auto store = TRY(storage::Store::open());
    Examination machine{"", server::examine_host(store)};
    print(line.has(Opt::json) ? json_findings(machine) : findings_text(machine));
    return machine.good() ? 0 : base::exit_status(Code::failed);
}

Result<int> repair(const Invocation&) {
    auto store = TRY(storage::Store::open());
    auto done = TRY(server::repair(store));
    for (const auto& thing : done) print(thing + "\n");
    if (done.empty()) print("nothing to repair\n");
    return 0;
}

namespace {

Result<int> undo_host_service(const Invocation& line) {
    if (!line.values(Opt::ip).empty() || line.has(Opt::dry_run)) return fail(Code::usage, "--undo goes alone");
    const auto& name = line.arguments[0];
    print(fmt::format("removed {}\n", TRY(server::unlock_host_service(name))));
    remark(fmt::format("'systemctl restart {}' lets it use every address", TRY(server::host_unit(name))));
    return 0;
}

}  // namespace

Result<int> host_service(const Invocation& line) {
    if (line.has(Opt::undo)) return undo_host_service(line);
    if (line.values(Opt::ip).empty()) return fail(Code::usage, "which addresses? Give at least one with --ip, or --undo");
    auto service = TRY(server::plan_host_service(line.arguments[0], line.values(Opt::ip)));
    if (line.has(Opt::dry_run)) {
        print(fmt::format("would write {}:\n\n{}", service.file, service.text));
        return 0;
    }
    TRY(server::lock_host_service(service));
    print(fmt::format("wrote {}\n", service.file));
    if (service.has_socket) remark("it has a socket unit too: sockets that systemd makes for it are not locked, so disable that where it is in use");
    remark(fmt::format("'systemctl restart {}' lets it take effect", service.unit));
    return 0;
}

}  // namespace vs::cli
