#pragma once
// What `check` and `doctor` look at. A finding is a value; nothing is mended here, but each says the line that would mend it.
// What a kernel can do is found out by doing it, in namespaces that are gone afterwards.

#include <string>
#include <vector>

#include "server/registry.hpp"

namespace vs::server {

enum class Grade {
    good,
    notice,  ///< worth knowing
    bad,     ///< it will not work
};
std::string_view grade_name(Grade grade);

struct Finding {
    Grade grade = Grade::good;
    std::string subject;  ///< a stable word: "kernel", "addresses"
    std::string text;
    std::string remedy;   ///< a command or what to do; empty where nothing is to be done
};

/// The whole machine.
std::vector<Finding> examine_host(const storage::Store& store);

/// One server, running or not. Its settings are good, or there would be no `server`.
std::vector<Finding> examine_server(const storage::Store& store, const Server& server);

}  // namespace vs::server
