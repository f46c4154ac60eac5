// vpstree(8): pstree with the context of each process.

#include <cstdio>

#include "programs/tools/annotate.hpp"
#include "programs/tools/everything.hpp"
#include "sys/process.hpp"

namespace vs::tools {

namespace {

constexpr Tool kTool{Kind::wrapper, "vpstree", "[--] [OPTION OF pstree]... [PID|USER]",
                     "Show processes as a tree like pstree -p, with the name of the context, or its\nnumber where it has none, behind the number of each process that is not in the\nmain environment.\n", {}};

int run(const Line& line) {
    see_everything(kTool);
    std::vector<std::string> command = {"pstree", "-pl"};
    command.insert(command.end(), line.rest.begin(), line.rest.end());
    auto report = sys::run_checked(command, {.output_limit = 64 << 20});
    if (!report) return say(kTool, report.error().message()), 1;
    auto places = Places::read();
    if (!places) return say(kTool, places.error().message()), 1;
    const auto text = annotate_tree(*report, [&](int pid) { return places->of(pid); });
    std::fwrite(text.data(), 1, text.size(), stdout);
    return std::fflush(stdout) == 0 ? 0 : 1;
}

}  // namespace

}  // namespace vs::tools

int main(int argc, char** argv) { return vs::tools::run_tool(vs::tools::kTool, argc, argv, vs::tools::run); }
