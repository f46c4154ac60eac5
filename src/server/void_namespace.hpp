#pragma once
// The void: a mount namespace with nothing in it but an empty read-only tmpfs, made once per boot and pinned at
// /run/vservers/.void. Every start enters a copy of it and mounts the server's root over "/".
//
// Why: pivot_root(2) walks every task of the machine, and a copy of the host's own mount table would pin the host's mounts in
// every server. With the root mounted *over* the void's "/" no pivot is needed: the kernel takes the topmost mount on "/" as
// the namespace's root (current_chrooted() in fs/namespace.c follows it), so user namespaces inside still work; and because
// the copy in the guest's own user namespace locks every mount (mount_namespaces(7)), its root can never uncover the void,
// which is empty anyway.

#include <vector>

#include "sys/fd.hpp"

namespace vs::server {

/// What the void contains, as paths of a process in it.
namespace void_paths {
inline constexpr const char* kLayers = "/layers";      ///< with directories 0, 1, ...
inline constexpr const char* kEmptyDir = "/empty";     ///< covers directories
inline constexpr const char* kEmptyFile = "/nothing";  ///< mode 0000, covers files
}  // namespace void_paths

/// Makes /run/vservers where it is missing, and a mount of it that is shared with nobody. Whoever pins something there calls this first:
/// the mount covers what was mounted below the directory before. Safe against others doing the same.
Result<> separate_run();

/// Opens it, and makes it where this boot has none yet. Safe against others doing the same.
Result<sys::NamespaceFd> open_void_namespace();

/// Moves this process into a fresh copy of the void: root and current directory are its tmpfs.
Result<> enter_void(const sys::NamespaceFd& void_namespace);

/// A visit to a second copy of the void, for what needs mounts that nobody is to inherit. They are not taken down but left behind: each
/// umount, and the end of a namespace with mounts in it, waits for an RCU grace period (namespace_unlock() in fs/namespace.c), which is a
/// tenth of a start and more. So both copies are kept by descriptors, for somebody to close whom nobody waits for.
class Workshop {
  public:
    /// `proc` shows our processes.
    static Result<Workshop> enter(const sys::NamespaceFd& void_namespace, sys::FdRef proc);
    /// Back to where we came from: with another root and current directory, those of that namespace.
    Result<> leave() const;
    /// Both copies, for the one who closes them.
    std::vector<sys::NamespaceFd> take() &&;

  private:
    sys::NamespaceFd home_, own_;
};

}  // namespace vs::server
