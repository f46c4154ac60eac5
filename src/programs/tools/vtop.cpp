// vtop(8): top with the context of each process.

#include <cstdio>

#include "base/text.hpp"
#include "programs/tools/annotate.hpp"
#include "programs/tools/everything.hpp"
#include "sys/terminal.hpp"

namespace vs::tools {

namespace {

constexpr Option kOptions[] = {
    {"ctx", "N|NAME|ALL", "only what is in this context; ALL is every one"},
    {"delay", "SECONDS", "between two pictures: 3"},
    {"count", "N", "end after so many pictures"},
};
constexpr Tool kTool{Kind::watcher, "vtop", "[--ctx N|NAME|ALL] [--delay SECONDS] [--count N]",
                     "Show processes by the processor time that they use, like top(1), with the number\nand the name of the context of each. Ctrl-C ends it.\n", kOptions};

/// One picture after the other; on a terminal each in the place of the last, as far as it has room.
class Screen {
  public:
    void begin() {
        on_terminal_ = sys::is_terminal(sys::FdRef(1));
        if (!on_terminal_) return;
        const auto size = sys::window_size(sys::FdRef(1));
        room_ = size ? size->rows : 24;
        columns_ = size ? size->columns : 80;
        std::fputs("\x1b[H\x1b[2J", stdout);
    }
    /// False where nobody takes it any more.
    bool show(std::string text) {
        if (on_terminal_ && room_-- <= 1) return true;
        if (on_terminal_ && text.size() > columns_) text.resize(columns_);
        std::fputs((text + "\n").c_str(), stdout);
        return std::fflush(stdout) == 0;
    }

  private:
    bool on_terminal_ = false;
    int room_ = 0;
    std::size_t columns_ = 0;
};

Result<std::string> top_command(const Line& line) {
    const auto delay = base::parse_number(line.value("delay").value_or("3"));
    const auto count = base::parse_number(line.value("count").value_or("0"));
    if (!delay || *delay > 3600 || !count) return fail(Code::usage, "--delay and --count take a whole number");
    return fmt::format("exec top -b -w 512 -d {}{}", *delay, *count != 0 ? fmt::format(" -n {}", *count) : "");
}

/// Until the last picture; false where one could not be written.
bool follow(std::FILE* top, const Line& line) {
    Screen screen;
    Places places;
    Table table([&](int pid) { return places.of(pid); }, line.value("ctx"));
    char buffer[4096];
    while (std::fgets(buffer, sizeof buffer, top) != nullptr) {
        std::string_view text = base::trim_end(buffer);
        if (text.starts_with("top - ")) {
            if (auto read = Places::read()) places = std::move(*read);
            table.begin();
            screen.begin();
        }
        if (auto row = table.line(text); row && !screen.show(*row)) return false;
    }
    return true;
}

int run(const Line& line) {
    see_everything(kTool);
    auto command = top_command(line);
    if (!command) return say(kTool, command.error().message()), 2;
    std::FILE* top = ::popen(command->c_str(), "re");
    if (top == nullptr) return say(kTool, "cannot run top"), 1;
    const bool written = follow(top, line);
    const bool ended_well = ::pclose(top) == 0;
    if (!written) say(kTool, "cannot write the output");
    return written && ended_well ? 0 : 1;
}

}  // namespace

}  // namespace vs::tools

int main(int argc, char** argv) { return vs::tools::run_tool(vs::tools::kTool, argc, argv, vs::tools::run); }
