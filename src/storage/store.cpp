#include "storage/store.hpp"

#include <fcntl.h>

#include "sys/file.hpp"
#include "sys/random.hpp"
#include "sys/tree.hpp"

namespace vs::storage {

namespace {

constexpr unsigned kPrivate = 0700;  // layers hold files that are setuid root on disk

Result<sys::DirFd> open_part(const sys::DirFd& root, const std::string& name) {
    return sys::open_or_make_dir(root, name, kPrivate);
}

bool is_no_directory(const Error& error) { return error.errno_value == ENOTDIR || error.errno_value == ELOOP; }

/// The entry as a locked directory; not open where somebody has it or it is gone. What is no directory is removed: only
/// directories live here.
Result<sys::DirFd> try_to_own(const sys::DirFd& parent, const std::string& name) {
    auto fd = sys::open_beneath(parent, name, O_RDONLY | O_DIRECTORY);
    if (!fd && fd.error().errno_value == ENOENT) return sys::DirFd();
    if (!fd && is_no_directory(fd.error())) {
        TRY(sys::remove_file(parent, name));
        return sys::DirFd();
    }
    if (!fd) return std::unexpected<Error>(fd.error());
    auto locked = sys::lock_fd(*fd, sys::LockWait::fail_if_held);
    if (!locked && locked.error().code == Code::busy) return sys::DirFd();
    TRY(std::move(locked));
    return sys::DirFd(fd->release());
}

/// A rename into the trash under a name that nobody has.
Result<std::string> throw_away(const Store& store, const sys::DirFd& parent, const std::string& name) {
    auto trash_name = fmt::format("{}.{}", name, TRY(sys::random_hex(8)));
    TRY(sys::rename_new(parent, name, store.trash(), trash_name));
    return trash_name;
}

/// Held while directories in staging are made, so that sweep() never meets one between mkdir and lock.
Result<sys::Fd> lock_staging(const Store& store) {
    sys::DirFd own = TRY(sys::open_dir(store.staging(), "."));
    TRY_WITH(sys::lock_fd(own, sys::LockWait::wait), "lock the staging directory");
    return sys::Fd(own.release());
}

/// Waits until the directory's holder has published or dropped it, or is dead.
Result<> wait_for_holder(const Store& store, const std::string& name) {
    auto fd = sys::open_beneath(store.staging(), name, O_RDONLY | O_DIRECTORY);
    if (!fd && (fd.error().errno_value == ENOENT || is_no_directory(fd.error()))) return {};
    if (!fd) return std::unexpected<Error>(fd.error());
    return sys::lock_fd(*fd, sys::LockWait::wait);
}

/// A new locked directory, or none where the name is taken.
Result<sys::DirFd> claim(const Store& store, const std::string& name) {
    auto lock = TRY(lock_staging(store));
    if (TRY(sys::exists(store.staging(), name))) return sys::DirFd();
    TRY(sys::make_dir(store.staging(), name, kPrivate, sys::IfExists::fail));
    auto own = try_to_own(store.staging(), name);
    if (!own) (void)sys::remove_dir(store.staging(), name);  // what stays is swept by the next command
    return own;
}

/// Does this to each entry that nobody has; the names of the others.
template <typename Action>
Result<std::vector<std::string>> take_ownerless(const sys::DirFd& dir, Action action) {
    std::vector<std::string> held;
    for (auto& name : TRY(sys::list_dir(dir))) {
        auto own = TRY(try_to_own(dir, name));
        if (own.is_open()) TRY(action(name));
        else if (TRY(sys::exists(dir, name))) held.push_back(std::move(name));
    }
    return held;
}

}  // namespace

Result<Store> Store::open(const std::string& path) {
    if (!TRY(sys::exists(sys::kHere, path))) TRY_WITH(sys::make_dirs(path, 0755), "make the state directory");
    auto root = TRY(sys::open_dir(sys::kHere, path));
    TRY(sys::change_mode(root, kPrivate));
    Store store;
    store.path_ = path;
    store.images_ = TRY(open_part(root, "images"));
    store.servers_ = TRY(open_part(root, "servers"));
    store.staging_ = TRY(open_part(root, "staging"));
    store.trash_ = TRY(open_part(root, "trash"));
    return store;
}

Staging::Staging(const Store& store, std::string name, sys::DirFd dir)
    : name_(std::move(name)), path_(store.path() + "/staging/" + name_), dir_(std::move(dir)) {}

Result<Staging> Staging::make(const Store& store, const std::string& name) {
    auto parent = TRY(sys::duplicate(store.staging()));  // first: without it, what is claimed could not be removed
    for (;;) {
        auto dir = TRY_WITH(claim(store, name), "stage '{}'", name);
        if (dir.is_open()) {
            Staging staging(store, name, std::move(dir));
            staging.parent_ = std::move(parent);
            return staging;
        }
        TRY_WITH(wait_for_holder(store, name), "wait for another build of '{}'", name);
        TRY(sweep(store));  // where it was killed, this is what it left
    }
}

Staging::~Staging() {
    if (parent_.is_open()) (void)sys::remove_tree(parent_, name_);  // what stays is swept by the next command
}

Result<> Staging::publish(const sys::DirFd& parent, const std::string& name) {
    TRY(sys::rename_new(parent_, name_, parent, name));
    parent_.reset();
    return sys::sync_fd(parent);
}

Result<> discard(const Store& store, const sys::DirFd& parent, const std::string& name) {
    auto fd = sys::open_beneath(parent, name, O_RDONLY | O_DIRECTORY);
    if (!fd && fd.error().errno_value == ENOENT) return {};
    if (!fd) return std::unexpected<Error>(fd.error());
    TRY(sys::lock_fd(*fd, sys::LockWait::wait));  // held until it is removed: no sweep comes between
    auto trash_name = TRY(throw_away(store, parent, name));
    TRY(sys::sync_fd(parent));
    return sys::remove_tree(store.trash(), trash_name);
}

Result<std::vector<std::string>> sweep(const Store& store) {
    std::vector<std::string> held;
    {
        auto lock = TRY(lock_staging(store));
        auto discard_later = [&](const std::string& name) { return throw_away(store, store.staging(), name); };
        for (const auto& name : TRY(take_ownerless(store.staging(), discard_later))) held.push_back("staging/" + name);
    }
    auto remove = [&](const std::string& name) { return sys::remove_tree(store.trash(), name); };
    for (const auto& name : TRY_WITH(take_ownerless(store.trash(), remove), "empty the trash")) held.push_back("trash/" + name);
    return held;
}

}  // namespace vs::storage
