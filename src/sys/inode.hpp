#pragma once
// Making and dressing files of every kind, for what copies and extracts trees. No call here follows a final link.

#include <sys/stat.h>

#include <cstdint>
#include <string>

#include "sys/fd.hpp"

namespace vs::sys {

Result<> make_fifo(FdRef dir, const std::string& name, unsigned mode);
/// A second name for a file: `from_name` is not followed where it is a link.
Result<> make_hard_link(FdRef from_dir, const std::string& from_name, FdRef dir, const std::string& name);

struct Times {
    timespec access{};
    timespec modification{};
};
Result<> set_owner(FdRef fd, std::uint32_t uid, std::uint32_t gid);
Result<> set_times(FdRef fd, const Times& times);
Result<> set_times_at(FdRef dir, const std::string& name, const Times& times);
/// Permission bits by name, for what cannot be opened (a fifo).
Result<> change_mode_at(FdRef dir, const std::string& name, unsigned mode);

/// Sets the length; what is new reads as zeros and takes no space.
Result<> set_length(FdRef fd, std::uint64_t length);
/// Writes all of it at an offset.
Result<> write_at(FdRef fd, std::string_view data, std::uint64_t offset);
/// The content of a regular file, by sharing blocks where the file system can (FICLONE), else by copy_file_range(2).
Result<> copy_content(FdRef from, FdRef to);

}  // namespace vs::sys
