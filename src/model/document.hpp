#pragma once
// A TOML document as plain values that know where they stand. The parser (toml++) is seen by document.cpp only: it costs
// seconds to compile, and no other file should depend on how it reports.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace vs::model {

/// A value of the document with everything below it.
struct Node {
    enum class Kind { text, number, truth, list, table, other };

    std::string file;  ///< as the caller named it, for messages
    unsigned line = 1;
    std::string path;  ///< "network.addresses", for messages; the elements of a list share the list's; the document has none
    std::string key;   ///< the last part of the path
    Kind kind = Kind::other;
    std::string text;
    std::int64_t number = 0;
    bool truth = false;
    std::vector<Node> children;  ///< of a list in order, of a table by line

    /// "FILE:LINE: PATH: " and the problem, as Code::usage.
    [[nodiscard]] std::unexpected<Error> problem(std::string_view what) const;
    /// Fails with "is text, not a list" unless it is of this kind.
    [[nodiscard]] Result<void> require(Kind wanted) const;
};

/// Reads a whole document. What is not TOML, is larger than any settings file or nests deeper than any settings file is
/// Code::usage with "FILE:LINE: ...".
Result<Node> parse_document(std::string_view text, const std::string& file);

/// The value at a path such as "mount[1].from", or the deepest one on the way to it that exists.
const Node& locate(const Node& root, std::string_view path);

/// `text` as a basic string of TOML, with its quotes.
std::string quote_toml(std::string_view text);

}  // namespace vs::model
