#pragma once
// A look at one entry of a directory that a stranger wrote.

#include <sys/stat.h>

#include "guard/content_digest.hpp"
#include "guard/survey.hpp"
#include "sys/content.hpp"

namespace vs::guard {

/// A directory that is being looked at, and the directory of the image that it covers.
struct Place {
    const sys::DirFd& dir;
    const sys::DirFd* below;
    std::string path;  ///< "" for the root
};

/// What is seen without opening it.
Entry entry_of(const std::string& path, const struct stat& status);

class Looker {
  public:
    using Known = std::unordered_map<std::string, Entry>;
    Looker(const SurveyOrders& orders, Survey& survey) : orders_(orders), survey_(survey), left_{orders.budget.bytes} {}

    /// Bytes of files.
    [[nodiscard]] std::uint64_t has_read() const { return orders_.budget.bytes - left_.bytes; }
    /// Before the first look at an entry.
    void begin() { clock_ = sys::file_clock(); }
    /// Everything about an entry that was looked at before and has not changed since. False where that is not so.
    [[nodiscard]] bool recall(Entry& entry, const Known& known) const;
    /// Adds digest and xattrs to a plain file, and notes one whose stored content is not what is cached.
    Result<> read_file(const Copies& file, Entry& entry);
    /// Where that is asked for, and the file system can say: another descriptor, for Copies::stored.
    [[nodiscard]] Result<std::optional<sys::Fd>> open_storage(const sys::DirFd& dir, const std::string& name) const;
    /// The same for what has xattrs only.
    static Result<> add_xattrs(sys::FdRef file, Entry& entry);
    /// Does not let the entry be remembered where a later change could leave its ctime as it is.
    [[nodiscard]] Result<> forget_if_young(sys::FdRef file, Entry& entry) const;
    /// Of the first bytes of a growing file; empty where it was not accepted or has shrunk.
    Result<std::string> past_digest(sys::FdRef file, const Entry& entry);
    /// What the image has, completed where it may be the same as `now`.
    Result<std::optional<Entry>> look_below(const sys::DirFd& below, const std::string& name, const Entry& now);

  private:
    const SurveyOrders& orders_;
    Survey& survey_;
    ReadBudget left_;
    ContentReader reader_;
    std::int64_t clock_ = 0;  ///< when the look began: what changes from then on is seen at its end
};

/// A plain file for reading; an error where it is something else by now.
Result<sys::Fd> open_file(const sys::DirFd& dir, const std::string& name, const struct stat& expected);

}  // namespace vs::guard
