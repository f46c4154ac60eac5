#pragma once
// The files in which the guard remembers: for a server what was accepted (signed) and what the last scan saw, below
// servers/NAME/guard, out of the guest's reach; for an image its manifest (signed), beside its tree.

#include <optional>
#include <string>
#include <vector>

#include "guard/judge.hpp"
#include "guard/seal.hpp"
#include "server/registry.hpp"

namespace vs::guard {

/// Fills known and known_below from what the last scan of a server has noted in its guard directory. Whatever is wrong with it, the price
/// is only that everything is read again.
void recall_seen(sys::FdRef dir, SurveyOrders& orders);

/// servers/NAME/guard, locked: one scan of a server at a time.
class GuardFiles {
  public:
    static Result<GuardFiles> open(const storage::Store& store, const server::Server& server);

    /// nullopt where nothing was ever accepted; an error where the file is not to be believed.
    Result<std::optional<Accepted>> read_accepted(const Seal& seal) const;
    Result<> write_accepted(const Seal& seal, const Accepted& accepted) const;

    void recall(SurveyOrders& orders) const { recall_seen(dir_, orders); }
    Result<> remember(const Survey& survey) const;

    [[nodiscard]] const sys::DirFd& dir() const { return dir_; }

  private:
    GuardFiles(sys::DirFd dir, std::string purpose) : dir_(std::move(dir)), purpose_(std::move(purpose)) {}
    sys::DirFd dir_;
    std::string purpose_;  ///< names the server: one server's baseline is none for another
};

/// How far reading everything again (reading.hpp) has come.
struct Reading {
    std::string after;  ///< empty: it begins
    std::uint64_t found = 0, unknown = 0;  ///< since its beginning
};
class ReadingFile {
  public:
    static Result<ReadingFile> of_image(const storage::Store& store, const std::string& image);
    static Result<ReadingFile> of_server(const storage::Store& store, const server::Server& server);
    /// One that is not to be believed is none: everything is read from the beginning.
    [[nodiscard]] Reading read(const Seal& seal) const;
    Result<> write(const Seal& seal, const Reading& reading) const;
    [[nodiscard]] const sys::DirFd& dir() const { return dir_; }

  private:
    ReadingFile(sys::DirFd dir, std::string purpose) : dir_(std::move(dir)), purpose_(std::move(purpose)) {}
    sys::DirFd dir_;
    std::string purpose_;
};

/// Every entry of the image's tree. An error where there is none or it is not to be believed.
Result<Accepted> read_manifest(const storage::Store& store, const Seal& seal, const std::string& image);
Result<> write_manifest(const storage::Store& store, const Seal& seal, const std::string& image, const Survey& survey);
Result<bool> has_manifest(const storage::Store& store, const std::string& image);

/// The last full look at an image.
struct ImageCheck {
    std::string when;  ///< RFC 3339; empty: never
    std::uint64_t differences = 0;
};
Result<ImageCheck> read_image_check(const storage::Store& store, const Seal& seal, const std::string& image);
Result<> write_image_check(const storage::Store& store, const Seal& seal, const std::string& image, const ImageCheck& check);

}  // namespace vs::guard
