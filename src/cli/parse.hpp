#pragma once
// From the words of a command line to what is asked for. Pure but for the question which servers exist, and that is asked
// only where a word could be the name of a server as well as a verb: the server wins.

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "cli/grammar.hpp"
#include "model/name.hpp"

namespace vs::cli {

enum class Selector { named, all, running };

/// One command line, understood.
struct Invocation {
    const Verb* verb = nullptr;
    Selector selector = Selector::named;
    std::vector<model::ServerName> names;
    std::vector<std::string> arguments;
    std::vector<std::pair<Opt, std::string>> options;

    [[nodiscard]] bool has(Opt option) const;
    /// The value of an option, empty where it is not there.
    [[nodiscard]] std::string value(Opt option) const;
    [[nodiscard]] std::vector<std::string> values(Opt option) const;
};

using ServerExists = std::function<bool(const std::string& word)>;

/// Code::usage with one sentence. `words` is argv without the program's name.
Result<Invocation> parse(const std::vector<std::string>& words, const ServerExists& exists);

/// The verb of a command line that may be wrong otherwise; nullptr where it has none.
const Verb* verb_of(const std::vector<std::string>& words, const ServerExists& exists);

}  // namespace vs::cli
