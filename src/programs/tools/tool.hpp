#pragma once
// What chcontext, chbind, reducecap and the watchers share: a table of options that is read, explained and checked, and the
// manners of a program that runs another one. They stand on libvserver; this file is only about words.

#include <vserver/vserver.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace vs::tools {

struct Option {
    std::string_view name;   ///< without its dashes
    std::string_view value;  ///< what it takes: "CAP"; empty: nothing
    std::string_view help;
};

enum class Kind : std::uint8_t {
    runner,   ///< runs a command and leaves it the low numbers: bad words end with 125
    watcher,  ///< bad words end with 2
    wrapper,  ///< a watcher that hands the options that are not its own to another program
};

/// A program of ours. --help, --version and --complete come by themselves.
struct Tool {
    Kind kind;
    std::string_view name;
    std::string_view synopsis;  ///< after the name
    std::string_view about;     ///< lines, each ended
    std::span<const Option> options;
};

/// A command line, understood. What follows the options is a command or what the tool takes for it.
class Line {
  public:
    [[nodiscard]] bool has(std::string_view option) const;
    [[nodiscard]] std::optional<std::string> value(std::string_view option) const;  ///< the last one
    [[nodiscard]] std::vector<std::string> values(std::string_view option) const;
    std::vector<std::pair<std::string, std::string>> options;
    std::vector<std::string> rest;
};

/// A whole main: reads the line, answers --help and --version, or does what the tool is for. Returns the exit status.
int run_tool(const Tool& tool, int argc, char** argv, int (*run)(const Line&));

/// Code::usage with one sentence. Options end at `--` and at the first word that is none (a wrapper: none of its own), so a command
/// keeps its own.
Result<Line> parse(const Tool& tool, int argc, char** argv);
std::string help(const Tool& tool);
/// A script for bash; `--complete` prints it.
std::string completion(const Tool& tool);

void say(const Tool& tool, std::string_view sentence);    ///< standard error, "NAME: sentence"
/// The sentence, and the exit status of a program that runs a command: 125.
int refuse(const Tool& tool, const Error& error);
/// The last failure of libvserver, and its exit status.
int refuse(const Tool& tool);

/// `--cap CAP` and `--cap !CAP` on top of a start, in their order; what is added is added to the ceiling, nobody gains by it.
Result<std::uint64_t> with_capabilities(std::uint64_t start, const std::vector<std::string>& wishes);
/// "all", "none", or the names; "all but ..." where that is shorter.
std::string capability_words(std::uint64_t set);

/// Becomes the command, found in PATH. Returns only on failure, with the sentence said: 126 or 127.
int become(const Tool& tool, const std::vector<std::string>& command);

}  // namespace vs::tools
