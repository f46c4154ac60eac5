#pragma once
// One thing in a server's tree as it was seen, and lists of such things as text: the manifest of an image, the baseline of a
// server, what the last look remembered, and what a surveyor reports all have this one form.
//
// Values only, no I/O.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace vs::guard {

enum class Kind : std::uint8_t { file, directory, link, fifo, socket, device, whiteout };
std::string_view kind_name(Kind kind);

/// What tells without reading that nothing has changed since: no guest can set a ctime.
struct Stamp {
    std::uint64_t inode = 0;
    std::int64_t changed = 0;  ///< ctime in nanoseconds; 0: not to be believed
    friend auto operator<=>(const Stamp&, const Stamp&) = default;
};

struct Entry {
    std::string path;  ///< absolute in the server
    Kind kind = Kind::file;
    unsigned mode = 0;  ///< permission bits and setuid, setgid, sticky
    std::uint32_t uid = 0, gid = 0;  ///< on disk, 0..65535
    std::uint64_t size = 0;          ///< of a plain file
    std::string digest;              ///< of a plain file's content; empty where it was not looked at
    std::string target;              ///< of a symbolic link; of a renamed directory: where its content was
    std::string xattrs;              ///< a digest of names and values; empty: it has none
    bool capability = false;         ///< a plain file with security.capability
    bool opaque = false;             ///< a directory that hides what the image has below it
    Stamp stamp;

    /// A program that gives its user more than he has.
    [[nodiscard]] bool is_privileged() const;
    /// Everything but the stamp.
    [[nodiscard]] bool is_same_as(const Entry& other) const;
};

/// An entry in one line, with its newline. Every byte of a name that could be mistaken for structure is escaped.
std::string print_entry(const Entry& entry);
/// A line without its newline. Strict: the writer may have been a process that read hostile data.
Result<Entry> parse_entry(std::string_view line);

std::string print_entries(const std::vector<Entry>& entries);
Result<std::vector<Entry>> parse_entries(std::string_view text);

bool is_digest(std::string_view text);

/// Words that survive in a line of words.
std::string escape_word(std::string_view text);
Result<std::string> unescape_word(std::string_view word);

}  // namespace vs::guard
