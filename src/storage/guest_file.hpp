#pragma once
// Files of a tree that a stranger made, read and replaced by the host.
//
// Security: every path is resolved as if the tree's root were "/", so links lead nowhere else; what is read is a plain file
// of bounded size (a fifo or device would block or answer for ever); a file is replaced, never opened for writing, so a final
// link or a second name of some other file is not written through.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sys/fd.hpp"

namespace vs::storage {

/// How a file is dressed.
struct FileAttributes {
    unsigned mode = 0644;
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
};
struct GuestFile {
    std::string content;
    FileAttributes attributes;
};
/// nullopt where the path does not exist or is no plain file; an error where it is larger than `limit`.
Result<std::optional<GuestFile>> read_guest_file(const sys::Fd& root, const std::string& path, std::size_t limit);

/// Replaces or creates the file; missing parents are made as 0755. Fails where the path is a directory.
Result<> write_guest_file(const sys::Fd& root, const std::string& path, std::string_view content, const FileAttributes& attributes);
/// The same for a symbolic link.
Result<> link_guest_file(const sys::Fd& root, const std::string& path, const std::string& target);
/// Removes a file or link; absence is success, a directory stays.
Result<> remove_guest_file(const sys::Fd& root, const std::string& path);
/// An existing directory of the tree, for reading.
Result<std::optional<sys::DirFd>> open_guest_dir(const sys::Fd& root, const std::string& path);

}  // namespace vs::storage
