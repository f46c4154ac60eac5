// doctor, repair

#include "cli/commands.hpp"
#include "cli/output.hpp"
#include "cli/tables.hpp"
#include "server/build.hpp"

namespace vs::cli {

Result<int> doctor(const Invocation& line) {
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

}  // namespace vs::cli
