// vserver-stat: what every running server uses now.

#include <algorithm>

#include "cli/json.hpp"
#include "cli/output.hpp"
#include "cli/run.hpp"
#include "cli/tables.hpp"
#include "sys/process.hpp"

namespace vs::cli {

namespace {

constexpr std::string_view kHelp =
    "Usage: vserver-stat [--json]\n"
    "\n"
    "Show what each running server uses: its context number and name, processes,\n"
    "memory, processor time, how long it has been up, and its addresses.\n"
    "\n"
    "Options:\n"
    "      --json      one JSON document instead of a table\n"
    "  -h, --help      this text\n"
    "      --version   the version\n";

Result<> show(bool as_json) {
    if (!sys::is_superuser()) return fail(Code::denied, "only root may do this; try 'sudo vserver-stat'");
    auto store = TRY(storage::Store::open());
    auto servers = TRY(server::query_all(store));
    std::erase_if(servers, [](const auto& server) { return server.condition != server::Condition::running; });
    if (as_json) print(json_servers(servers, {}));
    else stat_table(servers).print();
    return finish_output();
}

Result<> stat(const std::vector<std::string>& words) {
    auto word = words.empty() ? std::string() : words[0];
    if (words.size() > 1) return fail(Code::usage, "unexpected '{}'; see 'vserver-stat --help'", words[1]);
    if (word == "--help" || word == "-h") return print(kHelp), finish_output();
    if (word == "--version") return print("vserver-stat " VSERVER_VERSION "\n"), finish_output();
    if (!word.empty() && word != "--json") return fail(Code::usage, "unexpected '{}'; see 'vserver-stat --help'", word);
    return show(word == "--json");
}

}  // namespace

int run_stat(const std::vector<std::string>& words) {
    auto done = stat(words);
    if (done) return 0;
    complain(done.error());
    return base::exit_status(done.error().code);
}

}  // namespace vs::cli
