#pragma once
// The servers that a command line is about, and the loop over them.

#include <functional>

#include "cli/parse.hpp"
#include "server/query.hpp"

namespace vs::cli {

/// One that has settings or runs without. Code::no_such_server with the nearest name.
Result<model::ServerName> existing_server(const storage::Store& store, const model::ServerName& name);

/// Everything that --all or --running chooses; the names themselves, not looked up, where some were given.
Result<std::vector<model::ServerName>> chosen_servers(const storage::Store& store, const Invocation& line);

/// All that run, or all others; and those that cannot be asked: what is then done to them tells why, and keeps no other back.
enum class Runs { yes, no };
Result<std::vector<model::ServerName>> names_by(const storage::Store& store, Runs runs);

/// Does it for each chosen server. What it returns is its line of the result; a failure is told and the next one follows.
/// The worst exit status of them.
using Act = std::function<Result<std::string>(const model::ServerName&)>;
Result<int> for_each_server(const storage::Store& store, const Invocation& line, const Act& act);

/// What is known of each chosen server.
struct Answers {
    std::vector<server::ServerStatus> servers;
    std::vector<Error> errors;  ///< one for each name that is no server's, and each server that cannot be asked
};
Result<Answers> query_chosen(const storage::Store& store, const Invocation& line);

/// Tells each; the worst exit status of them.
int complain_of(const std::vector<Error>& errors);

}  // namespace vs::cli
