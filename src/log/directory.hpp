#pragma once
// Reading the files of a log. The recorder owns the directory and is not trusted: no link in it is followed, and no file is
// believed to be of a sensible size.

#include <string>
#include <vector>

#include "log/layout.hpp"
#include "sys/fd.hpp"

namespace vs::log {

class LogDirectory {
  public:
    explicit LogDirectory(sys::DirFd directory) : directory_(std::move(directory)) {}

    /// Code::failed with what to do where there is no log.
    static Result<LogDirectory> open(const std::string& path);

    /// Those of which there is a file, in order; not one whose files the recorder has only prepared.
    [[nodiscard]] Result<std::vector<std::uint64_t>> segments() const;
    [[nodiscard]] Result<std::string> records(std::uint64_t segment) const;
    [[nodiscard]] Result<std::string> notes(std::uint64_t segment) const;
    [[nodiscard]] Result<std::string> chain() const;
    /// Nothing where the file is not one of ours.
    [[nodiscard]] Result<std::optional<SealState>> seal() const;
    [[nodiscard]] const sys::DirFd& descriptor() const { return directory_; }

  private:
    [[nodiscard]] Result<bool> is_begun(std::uint64_t segment) const;
    [[nodiscard]] Result<std::string> read(const std::string& name) const;

    sys::DirFd directory_;
};

/// What a file of records begins with; nothing where it does not.
std::optional<SegmentHead> read_segment_head(std::string_view file);

}  // namespace vs::log
