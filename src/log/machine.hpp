#pragma once
// Who says that a key is the one of a server's log: the machine's own chain of keys. Each log that is made gets a note,
// signed by a key that is then gone, with the key of the next:
//
//     vserver/machine/6f1d8a...
//     17
//     log vserver/web1/0a1b...
//     key Zm9v...=                  opens the first segment of that log
//     next YmFy...=                 signs note 18
//
// So one public key, that of note 0, vouches for every log of the machine. It is shown once, to be kept elsewhere: only what is
// compared with a copy from elsewhere is proved against somebody who has the machine.
//
// Files, in MACHINE-DIRECTORY: issued (the notes), seal (the key of the next note, written over in place), key (the first
// key, as a reminder that proves nothing), shown (present once `logs init` has shown it).

#include <string>
#include <vector>

#include "log/directory.hpp"
#include "model/name.hpp"

namespace vs::log {

/// A machine's first key with its name, as C2SP writes it: NAME+HASH+KEY.
struct VerificationKey {
    std::string name;
    PublicKey key{};

    [[nodiscard]] std::string text() const;
    static std::optional<VerificationKey> parse(std::string_view text);
};

class Machine {
  public:
    /// Made where it is missing. `logs` is the directory of all logs.
    static Result<Machine> open(const std::string& logs);

    [[nodiscard]] const VerificationKey& key() const { return key_; }
    /// True for the first caller only.
    Result<bool> show_once();
    /// Makes the log of a server in an empty directory, owned by `uid`: from then on a recorder can write it.
    Result<> begin_log(const model::ServerName& name, const sys::DirFd& directory, std::uint32_t uid);
    /// The key of the log called `origin`, as `trusted` vouches for it.
    [[nodiscard]] Result<PublicKey> key_of(std::string_view origin, const VerificationKey& trusted) const;
    /// The notes about its logs.
    [[nodiscard]] Result<std::string> issued() const;

  private:
    Machine(sys::DirFd directory, sys::Fd lock, VerificationKey key)
        : directory_(std::move(directory)), lock_(std::move(lock)), key_(std::move(key)) {}
    Result<> issue(std::string_view origin, const PublicKey& key);

    sys::DirFd directory_;
    sys::Fd lock_;
    VerificationKey key_;
};

/// The key of the log called `origin` by notes of a machine, which may be anything, as `trusted` vouches for it.
Result<PublicKey> key_in(std::string_view issued, std::string_view origin, const VerificationKey& trusted);

/// One such note.
struct Issue {
    std::uint64_t number = 0;
    std::string_view origin;
    PublicKey key{}, next{};
};
std::string sign_issue(std::string_view machine, const Issue& issue, const Seed& seed);

struct NewLog {
    std::string origin;
    std::uint32_t uid = 0;  ///< of its recorder
};
/// A log that begins with this seed's key, for which nobody vouches yet.
Result<> make_log(const NewLog& log, const sys::DirFd& directory, const Seed& seed);

}  // namespace vs::log
