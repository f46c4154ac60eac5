#include "log/machine.hpp"

#include <fcntl.h>
#include <sodium.h>

#include <algorithm>
#include <cstring>

#include "base/text.hpp"
#include "log/base64.hpp"
#include "log/note.hpp"
#include "sys/file.hpp"
#include "sys/overwrite.hpp"
#include "sys/random.hpp"

namespace vs::log {

namespace {

constexpr std::string_view kDirectory = ".machine";  // no server's name begins with a dot
constexpr std::size_t kMostIssued = 64 << 20;
constexpr std::uint8_t kEd25519 = 1;

struct MachineState {
    std::array<char, 8> magic{'v', 's', 'm', 'a', 'c', 'h', '\0', '\1'};
    std::uint64_t number = 0;  ///< of the next note
    std::uint64_t end = 0;     ///< of the notes before
    std::array<std::uint8_t, 32> seed{};
    Hash check{};

    [[nodiscard]] Hash sum() const { return leaf_hash({reinterpret_cast<const char*>(this), offsetof(MachineState, check)}); }
};
static_assert(sizeof(MachineState) == 88);

Result<Seed> random_seed() {
    auto bytes = TRY(sys::random_bytes(32));
    std::array<std::uint8_t, 32> seed;
    std::copy(bytes.begin(), bytes.end(), seed.begin());
    ::sodium_memzero(bytes.data(), bytes.size());
    return Seed(seed);
}

template <typename State>
std::string_view image_of(State& state) {
    state.check = state.sum();
    return {reinterpret_cast<const char*>(&state), sizeof state};
}

NoteText write_issue(std::string_view machine, const Issue& issue) {
    NoteText text;
    text.add(machine).add("\n").add(issue.number).add("\nlog ").add(issue.origin);
    text.add("\nkey ").add_base64(issue.key).add("\nnext ").add_base64(issue.next).add("\n");
    return text;
}

bool read_field(std::string_view line, std::string_view word, PublicKey& key) {
    return line.starts_with(word) && read_base64(line.substr(word.size()), key);
}

/// Nothing unless it is exactly what write_issue() makes.
std::optional<Issue> read_issue(std::string_view machine, std::string_view body) {
    auto lines = base::split(body, '\n');
    Issue issue;
    if (lines.size() != 6 || !lines[2].starts_with("log ")) return std::nullopt;
    auto number = base::parse_number(lines[1]);
    issue.origin = lines[2].substr(4);
    if (!number || !read_field(lines[3], "key ", issue.key) || !read_field(lines[4], "next ", issue.next)) return std::nullopt;
    issue.number = *number;
    if (write_issue(machine, issue).text() != body) return std::nullopt;
    return issue;
}

Result<MachineState> read_state(const sys::DirFd& directory) {
    auto bytes = TRY(sys::read_file(directory, kSealFile));
    MachineState state, expected;
    if (bytes.size() == sizeof state) std::memcpy(&state, bytes.data(), sizeof state);
    ::sodium_memzero(bytes.data(), bytes.size());
    if (state.magic != expected.magic || state.check != state.sum())
        return fail(Code::failed, "the machine's log key is damaged: restore it from a backup, or move '.machine' away and do 'vserver logs init'");
    return state;
}

Result<VerificationKey> make_machine(const sys::DirFd& directory) {
    TRY(sys::overwrite_in_place(directory));
    MachineState state;
    auto seed = TRY(random_seed());
    state.seed = seed.bytes();
    VerificationKey key{"vserver/machine/" + TRY(sys::random_hex(8)), seed.public_key()};
    TRY(sys::replace_file(directory, "issued", "", 0600, sys::Durability::synced));
    TRY(sys::replace_file(directory, kSealFile, image_of(state), 0600, sys::Durability::secret));
    TRY(sys::replace_file(directory, "key", key.text() + "\n", 0600, sys::Durability::synced));
    return key;
}

Result<> overwrite(const sys::DirFd& directory, std::string_view bytes) {
    auto file = TRY(sys::open_at(directory, kSealFile, O_WRONLY));
    TRY(sys::write_all(file, bytes));
    return sys::sync_fd(file);
}

}  // namespace

std::string VerificationKey::text() const {
    std::array<std::uint8_t, 33> coded{kEd25519};
    std::ranges::copy(key, coded.begin() + 1);
    NoteText out;
    out.add(name).add("+").add_hex(key_id(name, key)).add("+").add_base64(coded);
    return std::string(out.text());
}

std::optional<VerificationKey> VerificationKey::parse(std::string_view text) {
    auto name_end = text.find('+');
    auto hash_end = name_end == std::string_view::npos ? name_end : text.find('+', name_end + 1);
    std::array<std::uint8_t, 33> coded;
    if (hash_end == std::string_view::npos || name_end > kMostOrigin || !read_base64(text.substr(hash_end + 1), coded)) return std::nullopt;
    VerificationKey key{std::string(text.substr(0, name_end)), {}};
    std::copy(coded.begin() + 1, coded.end(), key.key.begin());
    if (key.text() != text) return std::nullopt;
    return key;
}

Result<Machine> Machine::open(const std::string& logs) {
    const std::string path = logs + "/" + std::string(kDirectory);
    TRY(sys::make_dirs(path, 0700));
    auto directory = TRY(sys::open_dir(sys::kHere, path));
    auto lock = TRY(sys::lock_file(directory, "lock", sys::LockWait::wait));
    if (!TRY(sys::exists(directory, "key"))) {
        auto key = TRY_WITH(make_machine(directory), "make the machine's log key");
        return Machine(std::move(directory), std::move(lock), std::move(key));
    }
    auto text = TRY(sys::read_file(directory, "key"));
    auto key = VerificationKey::parse(base::trim(text));
    if (!key) return fail(Code::failed, "'{}/key' is damaged: restore it from where you keep the key", path);
    return Machine(std::move(directory), std::move(lock), std::move(*key));
}

Result<bool> Machine::show_once() {
    if (TRY(sys::exists(directory_, "shown"))) return false;
    TRY(sys::replace_file(directory_, "shown", "", 0600, sys::Durability::synced));
    return true;
}

/// The note is on disk before the key that signed it goes.
Result<> Machine::issue(std::string_view origin, const PublicKey& key) {
    auto state = TRY(read_state(directory_));
    Seed seed(state.seed);
    auto next = seed.next();
    const Issue issue{state.number, origin, key, next.public_key()};
    auto issued = TRY(sys::read_file(directory_, "issued", kMostIssued));
    if (issued.size() < state.end) return fail(Code::failed, "the machine's list of logs was cut: do 'vserver logs --verify'");
    issued.resize(state.end);  // a note that its key outlived is written again
    issued += sign_issue(key_.name, issue, seed);
    TRY(sys::replace_file(directory_, "issued", issued, 0600, sys::Durability::synced));
    ++state.number;
    state.end = issued.size();
    state.seed = next.bytes();
    return overwrite(directory_, image_of(state));
}

Result<std::string> Machine::issued() const { return sys::read_file(directory_, "issued", kMostIssued); }

Result<PublicKey> Machine::key_of(std::string_view origin, const VerificationKey& trusted) const { return key_in(TRY(issued()), origin, trusted); }

std::string sign_issue(std::string_view machine, const Issue& issue, const Seed& seed) {
    return std::string(signed_note(write_issue(machine, issue), machine, seed).text());
}

Result<PublicKey> key_in(std::string_view text, std::string_view origin, const VerificationKey& trusted) {
    auto key = trusted.key;
    for (std::uint64_t number = 0;; ++number) {
        auto note = read_note(text);
        auto issue = note && note->name == trusted.name && is_signed_by(*note, key) ? read_issue(trusted.name, note->body) : std::nullopt;
        if (!issue || issue->number != number)
            return fail(Code::failed, "no note that '{}' signed vouches for the log '{}'", trusted.name, origin);
        if (issue->origin == origin) return issue->key;
        key = issue->next;
        text.remove_prefix(note->all.size());
    }
}

/// The log comes last: one that is there has its note.
Result<> Machine::begin_log(const model::ServerName& name, const sys::DirFd& directory, std::uint32_t uid) {
    const auto origin = fmt::format("vserver/{}/{}", name.text(), TRY(sys::random_hex(8)));
    auto seed = TRY(random_seed());
    TRY(issue(origin, seed.public_key()));
    return make_log({origin, uid}, directory, seed);
}

Result<> make_log(const NewLog& log, const sys::DirFd& directory, const Seed& seed) {
    SealState state;
    if (log.origin.empty() || log.origin.size() >= state.origin.size()) return fail(Code::usage, "'{}' is no name for a log", log.origin);
    TRY(sys::overwrite_in_place(directory));
    state.opening_seed = seed.bytes();
    std::ranges::copy(log.origin, state.origin.begin());
    auto written = sys::replace_file(directory, kSealFile, image_of(state), 0600, sys::Durability::secret);
    ::sodium_memzero(state.opening_seed.data(), state.opening_seed.size());
    if (!written) return std::unexpected<Error>(written.error());
    return sys::change_owner(directory, kSealFile, log.uid, log.uid);
}

}  // namespace vs::log
