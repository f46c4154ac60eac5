#pragma once
// Files of the guard that are signed: manifests of images and baselines of servers. The key is this machine's (Ed25519), made
// when it is first needed, below /var/lib/vservers/guard, where only root comes. A signature says that this machine wrote the
// file as it is; a file that came with a server from another machine has to be accepted anew.

#include <string>
#include <string_view>

#include "storage/store.hpp"

namespace vs::guard {

class Seal {
  public:
    /// Makes the key where there is none.
    static Result<Seal> open(const storage::Store& store);
    /// The text with its signature in front. `purpose` is signed too, so that one file cannot stand in for another.
    [[nodiscard]] std::string sign(std::string_view purpose, std::string_view text) const;
    /// The text behind a good signature.
    [[nodiscard]] Result<std::string> verify(std::string_view purpose, std::string_view sealed) const;

  private:
    explicit Seal(std::string seed) : seed_(std::move(seed)) {}
    std::string seed_;
};

}  // namespace vs::guard
