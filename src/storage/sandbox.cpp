#include "storage/sandbox.hpp"

#include <fcntl.h>
#include <signal.h>

#include "base/text.hpp"
#include "base/undo_stack.hpp"
#include "storage/sandbox_root.hpp"
#include "sys/call.hpp"
#include "sys/clone.hpp"
#include "sys/file.hpp"
#include "sys/mount.hpp"
#include "sys/raw.hpp"
#include "sys/supervise.hpp"

namespace vs::storage {

namespace {

constexpr std::string_view kMapMe = "map";

/// `orders` goes to the child and tells by its end that we are dead; `reports` comes back: kMapMe, or why it failed.
struct Channels {
    sys::Pipe orders, reports, output;
};

Result<Channels> make_channels() {
    Channels made;
    for (auto* pipe : {&made.orders, &made.reports, &made.output}) *pipe = TRY(sys::make_pipe());
    return made;
}

Result<> raw_result(int code, const char* call) {
    if (code < 0) return std::unexpected<Error>(sys::error_from(-code, call));
    return {};
}

/// In the child: from here on it is root of a user namespace and nobody outside it.
Result<> drop_identity(const Channels& channels) {
    TRY(sys::unshare(CLONE_NEWUSER));
    TRY(sys::write_all(channels.reports.write, kMapMe));
    if (TRY(sys::read_some(channels.orders.read)).empty()) return fail(Code::failed, "the parent ended");
    return raw_result(sys::raw::become_root(), "become root of the user namespace");
}

/// The tree as a detached mount, made here because only here /proc shows the pids that we know.
Result<sys::MountFd> clone_tree(const SandboxRequest& request) {
    if (request.root.empty()) return sys::MountFd();
    auto dir = TRY(sys::open_dir(sys::kHere, request.root));
    if (request.identity == SandboxRequest::Identity::mapped) return mount_for_scratch_ids(dir);
    return sys::clone_mount(dir, "", sys::Recursion::this_mount);
}

/// The new root; not open where the host's stays.
Result<sys::Fd> prepare_mounts(const SandboxRequest& request, const sys::MountFd& tree) {
    TRY(isolate_mounts());
    constexpr std::string_view kHostName = "localhost";  // scripts write the host's name into files
    TRY(raw_result(sys::raw::set_host_name(kHostName.data(), kHostName.size()), "set the host name"));
    if (!tree.is_open()) return sys::Fd();
    return prepare_root(tree, request.root);
}

/// Opened while the child still is somebody: the mapped root may not be able to get there.
Result<sys::Fd> open_program(const SandboxRequest& request, const sys::Fd& root) {
    if (root.is_open()) return sys::open_in_root(root, request.argv[0], O_PATH);
    return sys::open_at(sys::kHere, request.argv[0], O_PATH);
}

Result<> become_helper(const SandboxRequest& request, const sys::MountFd& tree, const Channels& channels) {
    auto root = TRY(prepare_mounts(request, tree));
    auto program = TRY(open_program(request, root));
    auto input = TRY(sys::open_at(sys::kHere, "/dev/null", O_RDONLY));
    bool mapped = request.identity == SandboxRequest::Identity::mapped;
    if (mapped) TRY(drop_identity(channels));
    // Not before: a process in a chroot may not make a user namespace (user_namespaces(7)).
    if (root.is_open()) TRY(raw_result(sys::raw::change_root(root.get()), "chroot"));
    sys::Payload payload{mapped ? &program : nullptr, request.argv, request.environment, input, channels.output.write, request.descriptors};
    return std::unexpected<Error>(sys::supervise(payload, channels.orders.read));
}

/// In the child. Returns only on failure. A copy of a single-threaded program, so it may allocate.
Error run_child(const SandboxRequest& request, const sys::MountFd& tree, Channels& channels) {
    channels.orders.write.reset(), channels.reports.read.reset(), channels.output.read.reset();
    return become_helper(request, tree, channels).error();
}

/// Splits what comes in pieces into lines.
class LineReader {
  public:
    explicit LineReader(const SandboxRequest& request) : request_(request) {}

    /// False at the end of the output.
    Result<bool> take(const sys::Fd& from) {
        auto piece = TRY(sys::read_some(from));
        pending_ += piece;
        for (auto end = pending_.find('\n'); end != std::string::npos; end = pending_.find('\n')) {
            finish_line(pending_.substr(0, end));
            pending_.erase(0, end + 1);
        }
        if (pending_.size() > kLongestLine) finish_line(std::exchange(pending_, ""));
        return !piece.empty();
    }
    std::string last_line;

  private:
    static constexpr std::size_t kLongestLine = 4096;

    void finish_line(const std::string& line) {
        auto text = base::trim(line);
        if (text.empty()) return;
        last_line = text;
        if (request_.on_line) request_.on_line(text);
    }

    const SandboxRequest& request_;
    std::string pending_;
};

/// Until the child has said all and ended. Its output ends with the last process that holds it, which is before its own end.
Result<SandboxResult> follow(const SandboxRequest& request, Channels& channels, const sys::PidFd& child) {
    LineReader lines(request);
    std::string report;
    for (;;) {
        std::vector<sys::FdRef> sources = {channels.output.read};
        if (request.cancel != nullptr) sources.push_back(*request.cancel);
        auto ready = TRY(sys::wait_readable(sources, std::nullopt));
        if (ready == 1U) return fail(Code::failed, "interrupted");
        if (!TRY(lines.take(channels.output.read))) break;
    }
    report = TRY(sys::read_all(channels.reports.read, 65536));
    auto status = TRY(sys::reap(child));
    if (!report.empty()) return fail(Code::failed, "{}", report);
    return SandboxResult{status, lines.last_line};
}

/// Answers the child's wish for its id map; where it has failed before, its report is the error.
Result<> map_child(const Channels& channels, pid_t pid) {
    auto report = TRY(sys::read_some(channels.reports.read));
    if (report != kMapMe) return fail(Code::failed, "{}", report);
    TRY(sys::write_id_maps(TRY(sys::open_dir(sys::kHere, "/proc")), pid, kScratchIds));
    return sys::write_all(channels.orders.write, "go");
}

}  // namespace

std::string SandboxResult::reason() const {
    constexpr int kSignals = 128;  // as a shell has it
    int code = status.shell_status();
    if (code > kSignals) return fmt::format("it was killed by signal {}", code - kSignals);
    return last_line.empty() ? fmt::format("it ended with status {}", code) : last_line;
}

Result<sys::MountFd> mount_for_scratch_ids(const sys::DirFd& dir) {
    auto mount = TRY(sys::clone_mount(dir, "", sys::Recursion::this_mount));
    auto mapping = TRY(sys::make_id_mapping(TRY(sys::open_dir(sys::kHere, "/proc")), kScratchIds));
    TRY_WITH(sys::set_attributes(mount, {.user_namespace = &mapping}, sys::Recursion::this_mount),
             "shift ids (does the file system of the state directory support idmapped mounts?)");
    return mount;
}

Result<SandboxResult> run_in_sandbox(const SandboxRequest& request) {
    auto channels = TRY(make_channels());
    auto tree = TRY(clone_tree(request));
    sys::NamespaceFlags flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS;
    if (request.network == SandboxRequest::Network::none) flags |= CLONE_NEWNET;
    auto child = TRY(sys::clone_process({.flags = flags, .cgroup = nullptr}));
    if (child.pid == 0) {
        auto error = run_child(request, tree, channels);
        (void)sys::write_all(channels.reports.write, error.message());
        sys::raw::exit_now(125);
    }
    base::UndoStack kill;
    kill.push([&] {
        (void)sys::send_signal(child.pidfd, SIGKILL);
        (void)sys::reap(child.pidfd);
    });
    channels.orders.read.reset(), channels.reports.write.reset(), channels.output.write.reset();
    if (request.identity == SandboxRequest::Identity::mapped) TRY_WITH(map_child(channels, child.pid), "prepare '{}'", request.argv[0]);
    auto result = TRY_WITH(follow(request, channels, child.pidfd), "run '{}'", request.argv[0]);
    kill.release();
    return result;
}

}  // namespace vs::storage
