// vps(8): ps with the context of each process.

#include <cstdio>

#include "base/text.hpp"
#include "programs/tools/annotate.hpp"
#include "programs/tools/everything.hpp"
#include "programs/tools/process_words.hpp"
#include "sys/process.hpp"

namespace vs::tools {

namespace {

constexpr Option kOptions[] = {
    {"ctx", "N|NAME|ALL", "only what is in this context; ALL is every one"},
    {"json", "", "one JSON document, with the capabilities of each process"},
};
constexpr Tool kTool{Kind::wrapper, "vps", "[--ctx N|NAME|ALL] [--json] [--] [OPTION OF ps]...",
                     "Report processes like ps(1), 'ps ax' where nothing is said, with the number and\nthe name of the context of each. The main environment is 0.\n", kOptions};

void print(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

Result<> print_json(const std::optional<std::string>& only) {
    const auto places = TRY(Places::read());
    std::string rows;
    for (const auto& process : places.processes())
        if (!only || is_in(place_of(process), *only)) rows += (rows.empty() ? "" : ",") + process_json(process);
    print("{\"processes\":[" + rows + "]}\n");
    return {};
}

Result<> print_table(const Line& line) {
    std::vector<std::string> command = {"ps"};
    command.insert(command.end(), line.rest.begin(), line.rest.end());
    if (line.rest.empty()) command.emplace_back("ax");
    const auto report = TRY(sys::run_checked(command, {.output_limit = 64 << 20}));
    const auto places = TRY(Places::read());
    Table table([&](int pid) { return places.of(pid); }, line.value("ctx"));
    for (auto text : base::split(base::trim_end(report), '\n'))
        if (auto row = table.line(text)) print(*row + "\n");
    return {};
}

int run(const Line& line) {
    see_everything(kTool);
    auto done = line.has("json") ? print_json(line.value("ctx")) : print_table(line);
    if (!done) return say(kTool, done.error().message()), 1;
    return std::fflush(stdout) == 0 ? 0 : 1;
}

}  // namespace

}  // namespace vs::tools

int main(int argc, char** argv) { return vs::tools::run_tool(vs::tools::kTool, argc, argv, vs::tools::run); }
