#pragma once
// Copies files of the host into a new tree as dpkg would have unpacked them there: content, mode, owner, times and file
// capabilities, every name a file of its own (a file with two links is refused by cron and joined by cp -a).

#include <sys/stat.h>

#include <cstdint>
#include <string>

#include "storage/host_files.hpp"
#include "sys/fd.hpp"

namespace vs::storage {

class Copier {
  public:
    explicit Copier(sys::Fd root) : root_(std::move(root)) {}

    /// The links at the top of a merged /usr (/bin -> usr/bin), and where they point. To be called first: what is copied
    /// later goes through them.
    Result<> copy_merged_usr();
    /// What the host does not have is counted and skipped: dpkg's own path-exclude leaves out documentation.
    Result<> copy(const PackageFile& file);
    [[nodiscard]] std::uint64_t missing() const { return missing_; }

  private:
    Result<sys::FdRef> parent_of(const std::string& path);
    Result<> copy_directory(const std::string& path, const struct stat& status);
    Result<> copy_link(const PackageFile& file);
    Result<> copy_regular(const PackageFile& file, const struct stat& status);

    sys::Fd root_;
    std::string parent_path_;  ///< files come sorted by directory: the last one is kept open
    sys::Fd parent_;
    std::uint64_t missing_ = 0;
};

}  // namespace vs::storage
