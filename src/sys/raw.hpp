#pragma once
// System calls for the child between clone and exec. They allocate nothing, take no lock and return 0 or a negative errno,
// so that the child can report a failure as a fixed-size record.
//
// Fork-safety: async-signal-safe, all of them.

#include <sys/types.h>

#include <cstddef>
#include <cstdint>

namespace vs::sys::raw {

/// uid, gid and groups 0 of the user namespace we are in.
int become_root();
int unshare(std::uint64_t flags);
/// The user as whom we may open files (setfsuid(2)), until we become somebody.
int touch_files_as(std::uint32_t uid);
/// For the children that are forked from now on; its offsets can be set until the first.
int new_time_namespace();
/// Makes the directory behind `fd` our root and current directory.
int change_root(int fd);
/// A copy of the mount namespace that goes on receiving what is mounted in the old one, and sends nothing back.
int unshare_mounts();
/// This mount, for everybody in this mount namespace.
int make_read_only(const char* mount_point);
int set_host_name(const char* name, std::size_t length);
int set_domain_name(const char* name, std::size_t length);
/// New session with the terminal behind `fd` as its controlling one.
int take_terminal(int fd);
/// `fd` becomes 0, 1 and 2; everything from 3 on is close-on-exec.
int use_as_standard(int fd);
/// `fd` becomes `number`, kept across exec.
int keep_as(int fd, int number);
int close_on_exec_from(int first);
int set_limit(int resource, std::uint64_t soft, std::uint64_t hard);
/// Every soft limit becomes the hard one too.
int fix_limits();
int set_nice(int value);
int join_new_session_keyring();
/// Resets every signal to its default and unblocks all.
int reset_signals();
/// For a PID 1 that unblocks them itself: one that neither blocks nor handles a signal never gets it.
int block_signals();
/// `mask` is a sigset_t; nullptr changes nothing.
void restore_signal_mask(const void* mask);
/// Like fork, without the hooks of libc: 0 in the child, its pid, or a negative errno.
pid_t fork_process();
/// The child is our parent's.
pid_t fork_sibling();
int process_id();
/// Not dumpable until the next exec: nobody inside may trace us on our way in (CVE-2016-8649).
int forbid_dump();
/// Runs `entry` in a child that borrows our memory, so nothing is copied; we stand still until it executes a program or exits.
/// What it changes in memory we see. Its pid, or a negative errno. Linux before 6.3 keeps such a child out of a new time
/// namespace.
pid_t fork_borrowing(int (*entry)(void*), void* argument);
/// The same, and what it opens or closes is ours too.
pid_t fork_sharing(int (*entry)(void*), void* argument);
/// The two ends of a pipe.
struct IdlePipe {
    int read = -1, write = -1;
};
/// A child with namespaces of its own (CLONE_NEW*), which ends when `pipe` is written to by nobody any more. It borrows our memory and touches
/// none of it, so that nothing is copied and we go on at once. One at a time: they have one stack.
pid_t fork_idle(int namespaces, IdlePipe pipe);
/// Writes "0" to a version 1 cgroup's `tasks`: a thread that moves itself skips the global lock and its grace period.
int join_cgroup1(int tasks_fd);
/// A configured and created file system of our namespaces (fsopen, fsconfig), to be mounted by somebody with the right.
/// Returns the descriptor or a negative errno. Options are flag/value pairs; a null value is a flag.
struct Option { const char* key; const char* value; };
int create_filesystem(const char* type, const Option* options, std::size_t count);

void close_fd(int fd);
int write_bytes(int fd, const void* data, std::size_t size);
/// One write(2) to a file of the kernel's.
int write_file(int dir, const char* path, const char* text, std::size_t size);
int send_bytes(int socket, const void* data, std::size_t size);
/// 1 where exactly `size` bytes came, 0 at the end of the stream.
int receive_bytes(int socket, void* data, std::size_t size);
int send_fds(int socket, const int* fds, std::size_t count);
/// Exactly `count` descriptors or a negative errno; -EPIPE where the other side has ended.
int receive_fds(int socket, int* fds, std::size_t count);

/// Forgets what stands there, such as our own arguments, which /proc/PID/cmdline shows to whoever sees us.
void wipe(char* text, std::size_t size);
struct Sibling {
    std::uint64_t flags = 0;  ///< CLONE_NEW*
    int group = -1;           ///< control group that it is born in
};
/// A child of our parent's, with its pidfd. Its pid in our PID namespace, 0 in the new process; it sends no signal of its own
/// when it ends but the one that we would.
int clone_sibling(const Sibling& sibling, int* pidfd);
/// Several namespaces of the process behind a pidfd at once.
int join_namespaces(int pidfd, std::uint64_t flags);
/// Our current directory must have a name from our root: one that has not belongs to somebody else (CVE-2024-21626).
int verify_inside();
int become_user(std::uint32_t uid, std::uint32_t gid, const std::uint32_t* groups, std::size_t count);
int new_session();
/// fds[0..2] become 0, 1, 2; everything from 3 on is close-on-exec.
int place_standard(const int (&fds)[3]);
/// Master and slave of a new terminal of the devpts instance that `ptmx` belongs to.
int open_terminal(const char* ptmx, int (&pair)[2]);
/// Size, or a negative errno; -EINVAL for what is not a plain file, -EFBIG for what does not fit.
long read_plain_file(const char* path, char* room, std::size_t size);
int change_dir(const char* path);

/// These return only on failure.
/// Searches the usual directories for a name without slash; -ENOENT where none has it.
int execute_in_path(const char* name, char* const* argv, char* const* environment);
/// As the caller's shell would: a name without slash is looked up in PATH of our environment.
int execute_of_caller(const char* name, char* const* argv, char* const* environment);
int execute(const char* path, char* const* argv, char* const* environment);
/// As a shell would find it: by our PATH, with our environment (execvp(3)).
int execute_as_typed(char* const* argv);
int execute_fd(int fd, char* const* argv, char* const* environment);
[[noreturn]] void exit_now(int status);

}  // namespace vs::sys::raw
