#pragma once
// The state directory (/var/lib/vservers, 0700) and the one way in which things appear in it: they are made in staging
// under a lock, synced, and renamed into place. Whoever is killed meanwhile leaves a directory in staging or trash that
// nobody has locked; sweep() removes it.
//
// A lock is an flock(2) on the directory itself: it ends with its holder, needs no file of its own, and survives the rename.

#include <string>
#include <vector>

#include "model/paths.hpp"
#include "sys/fd.hpp"

namespace vs::storage {

class Store {
  public:
    /// Creates what is missing below `path`.
    static Result<Store> open(const std::string& path = model::paths::kState);

    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] const sys::DirFd& images() const { return images_; }
    [[nodiscard]] const sys::DirFd& servers() const { return servers_; }
    [[nodiscard]] const sys::DirFd& staging() const { return staging_; }
    [[nodiscard]] const sys::DirFd& trash() const { return trash_; }

  private:
    std::string path_;
    sys::DirFd images_, servers_, staging_, trash_;
};

/// A directory in staging that is ours alone until it is published or dropped. One name has one owner at a time: a second
/// maker waits for the first, which is what keeps thirty builds from one source from being thirty builds.
class Staging {
  public:
    /// Waits for whoever holds the name; what a dead holder left is swept.
    static Result<Staging> make(const Store& store, const std::string& name);
    Staging(Staging&& other) noexcept = default;
    Staging& operator=(Staging&&) = delete;
    Staging(const Staging&) = delete;
    Staging& operator=(const Staging&) = delete;
    /// Removes the directory unless it was published; what cannot be removed is left to sweep().
    ~Staging();

    [[nodiscard]] const sys::DirFd& dir() const { return dir_; }
    /// For programs that want a path.
    [[nodiscard]] const std::string& path() const { return path_; }

    /// Renames the directory to `name` in `parent`, which must not have it, and makes that last. The content is the
    /// caller's to sync.
    Result<> publish(const sys::DirFd& parent, const std::string& name);

  private:
    Staging(const Store& store, std::string name, sys::DirFd dir);

    sys::Fd parent_;
    std::string name_;
    std::string path_;
    sys::DirFd dir_;
};

/// Moves `name` out of `parent` into the trash and removes it there. Whatever happens after the rename, it is gone.
Result<> discard(const Store& store, const sys::DirFd& parent, const std::string& name);

/// Removes what dead builds and deletes left; cheap where there is nothing. Gives what it passed over because somebody has it,
/// below the state directory: a living command, or for a moment the helper of one that was killed.
Result<std::vector<std::string>> sweep(const Store& store);

}  // namespace vs::storage
