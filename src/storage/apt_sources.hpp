#pragma once
// apt's lists of archives (sources.list(5)), of this host: read, chosen for a suite, and written without credentials.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace vs::storage {

/// One archive: a line of sources.list, or what a paragraph of a *.sources file stands for.
struct AptSource {
    std::string options;  ///< "signed-by=/usr/share/keyrings/x.gpg arch=amd64"; may be empty
    std::string uri;
    std::string suite;
    std::string components;  ///< separated by blanks

    [[nodiscard]] std::string line() const;  ///< "deb [options] uri suite components", without newline
    friend bool operator==(const AptSource&, const AptSource&) = default;
};

/// Entries of type deb; disabled paragraphs and comments are skipped.
std::vector<AptSource> parse_sources_list(std::string_view text);
std::vector<AptSource> parse_sources_deb822(std::string_view text);
/// Those of /etc/apt on this host.
Result<std::vector<AptSource>> host_sources();

/// "https://user:secret@host/x" is "https://host/x".
std::string without_credentials(const std::string& uri);
std::vector<AptSource> without_credentials(std::vector<AptSource> sources);

/// The sources to build `suite` with: those of this host for the suite and its -updates and -security, or, where the host has
/// none, those of its own suite `own` with the suite's name put in its place. Empty where the host has neither.
std::vector<AptSource> sources_for(const std::vector<AptSource>& sources, const std::string& suite, const std::string& own);

std::string print_sources(const std::vector<AptSource>& sources);

}  // namespace vs::storage
