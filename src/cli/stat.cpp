// vserver-stat: what every running server uses now.

#include <algorithm>

#include "cli/json.hpp"
#include "cli/output.hpp"
#include "cli/run.hpp"
#include "cli/select.hpp"
#include "cli/tables.hpp"
#include "sys/process.hpp"
#include "sys/whole_proc.hpp"

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

Result<int> show(bool as_json) {
    if (!sys::is_superuser()) return fail(Code::denied, "only root may do this; try 'sudo vserver-stat'");
    TRY(sys::see_whole_proc());
    Invocation everyone;
    everyone.selector = Selector::all;
    auto answers = TRY(query_chosen(TRY(storage::Store::open()), everyone));
    std::erase_if(answers.servers, [](const auto& server) { return server.condition != server::Condition::running; });
    const int worst = complain_of(answers.errors);
    if (as_json) print(json_servers(answers.servers, answers.errors));
    else stat_table(answers.servers).print();
    return worst;
}

Result<int> stat(const std::vector<std::string>& words) {
    auto word = words.empty() ? std::string() : words[0];
    if (words.size() > 1) return fail(Code::usage, "unexpected '{}'; see 'vserver-stat --help'", words[1]);
    if (word == "--help" || word == "-h") return print(kHelp), 0;
    if (word == "--version") return print("vserver-stat " VSERVER_VERSION "\n"), 0;
    if (!word.empty() && word != "--json") return fail(Code::usage, "unexpected '{}'; see 'vserver-stat --help'", word);
    return show(word == "--json");
}

}  // namespace

int run_stat(const std::vector<std::string>& words) {
    auto status = stat(words);
    auto written = finish_output();
    if (!written && status) status = std::unexpected<Error>(written.error());
    if (status) return *status;
    complain(status.error());
    return base::exit_status(status.error().code);
}

}  // namespace vs::cli
