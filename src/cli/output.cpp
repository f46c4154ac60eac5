#include "cli/output.hpp"

#include <algorithm>
#include <cstdio>

#include "base/text.hpp"
#include "sys/process.hpp"
#include "sys/terminal.hpp"

namespace vs::cli {

namespace {

constexpr sys::FdRef kInput{0}, kOutput{1}, kErrors{2};

void write(std::FILE* stream, std::string_view text) { (void)std::fwrite(text.data(), 1, text.size(), stream); }

/// Columns of a terminal that the text takes: one per character of UTF-8.
std::size_t width(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

std::string cut(std::string_view text, std::size_t columns) {
    while (width(text) > columns) text.remove_suffix(1);
    return std::string(text);
}

}  // namespace

void print(std::string_view text) { write(stdout, text); }

void remark(std::string_view sentence) { write(stderr, fmt::format("vserver: {}\n", base::escape_control(sentence))); }

void complain(const Error& error) { write(stderr, fmt::format("vserver: {}\n", error.message())); }

Result<> finish_output() {
    if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return {};
    return fail(Code::failed, "cannot write the output");
}

std::string Table::text(Titles titles) const {
    std::vector<std::vector<std::string>> lines(1);
    for (const auto& column : columns_) lines[0].push_back(column.title);
    lines.insert(lines.end(), rows_.begin(), rows_.end());
    std::vector<std::size_t> widths(columns_.size(), 0);
    for (const auto& line : lines)
        for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], width(line[i]));
    std::string out;
    for (std::size_t row = 0; row < lines.size(); ++row) {
        std::string line;
        for (std::size_t i = 0; i < lines[row].size(); ++i) {
            std::string gap(widths[i] - width(lines[row][i]), ' ');
            bool left = columns_[i].align == Align::left;
            line += fmt::format("{}{}{}", i == 0 ? "" : "  ", left ? lines[row][i] : gap, left ? gap : lines[row][i]);
        }
        line.erase(line.find_last_not_of(' ') + 1);
        bool bold = row == 0 && titles == Titles::bold;
        out += fmt::format("{}{}{}\n", bold ? "\x1b[1m" : "", line, bold ? "\x1b[0m" : "");
    }
    return out;
}

void Table::print() const {
    bool bold = sys::is_terminal(kOutput) && sys::environment_variable("NO_COLOR").empty();
    cli::print(text(bold ? Titles::bold : Titles::plain));
}

std::string format_age(std::chrono::seconds age) {
    auto all = age.count();
    auto days = all / 86400, hours = all / 3600 % 24, minutes = all / 60 % 60, seconds = all % 60;
    if (days > 0) return fmt::format("{}d {}h", days, hours);
    if (hours > 0) return fmt::format("{}h {}m", hours, minutes);
    if (minutes > 0) return fmt::format("{}m {}s", minutes, seconds);
    return fmt::format("{}s", seconds);
}

Progress::Progress(std::string what) : what_(std::move(what)), on_terminal_(sys::is_terminal(kErrors)) {}

Progress::~Progress() {
    if (shown_) write(stderr, "\r\x1b[K");
}

void Progress::step(const std::string& text) {
    if (!on_terminal_) return;  // at once: nobody knows of a step how long it will take, and the line goes again
    auto size = sys::window_size(kErrors);
    auto line = base::escape_control(fmt::format("{}: {}", what_, text));
    write(stderr, fmt::format("\r{}\x1b[K", cut(line, size ? size->columns - 1U : 79U)));
    shown_ = true;
}

bool confirmed(const std::string& question) {
    if (!sys::is_terminal(kInput) || !sys::is_terminal(kErrors)) return true;
    write(stderr, fmt::format("{} [y/N] ", question));
    int first = std::getchar();
    for (int c = first; c != '\n' && c != EOF;) c = std::getchar();
    return first == 'y' || first == 'Y';
}

}  // namespace vs::cli
