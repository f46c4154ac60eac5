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

/// The entry as a locked directory; not open where somebody has it or it is gone. What is no directory is removed: only
/// directories live here.
Result<sys::DirFd> try_to_own(const sys::DirFd& parent, const std::string& name) {
    auto fd = sys::open_beneath(parent, name, O_RDONLY | O_DIRECTORY);
    if (!fd && fd.error().errno_value == ENOENT) return sys::DirFd();
    if (!fd && (fd.error().errno_value == ENOTDIR || fd.error().errno_value == ELOOP)) {
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

/// Waits until the directory's holder has published or dropped it.
Result<> wait_for_holder(const Store& store, const std::string& name) {
    auto fd = sys::open_beneath(store.staging(), name, O_RDONLY | O_DIRECTORY);
    if (!fd && fd.error().errno_value == ENOENT) return {};
    if (!fd) return std::unexpected<Error>(fd.error());
    return sys::lock_fd(*fd, sys::LockWait::wait);
}

/// A new locked directory, or none where somebody else has the name.
Result<sys::DirFd> claim(const Store& store, const std::string& name) {
    auto lock = TRY(lock_staging(store));
    if (TRY(sys::exists(store.staging(), name))) {
        auto left = TRY(try_to_own(store.staging(), name));
        if (left.is_open()) TRY(throw_away(store, store.staging(), name));
        else if (TRY(sys::exists(store.staging(), name))) return sys::DirFd();
    }
    TRY(sys::make_dir(store.staging(), name, kPrivate, sys::IfExists::fail));
    auto own = try_to_own(store.staging(), name);
    if (!own) (void)sys::remove_dir(store.staging(), name);  // what stays is swept by the next command
    return own;
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

Result<> sweep(const Store& store) {
    {
        auto lock = TRY(lock_staging(store));
        for (const auto& name : TRY(sys::list_dir(store.staging()))) {
            auto left = TRY(try_to_own(store.staging(), name));
            if (left.is_open()) TRY(throw_away(store, store.staging(), name));
        }
    }
    for (const auto& name : TRY(sys::list_dir(store.trash()))) {
        auto left = TRY(try_to_own(store.trash(), name));
        if (left.is_open()) TRY_WITH(sys::remove_tree(store.trash(), name), "empty the trash");
    }
    return {};
}

}  // namespace vs::storage
