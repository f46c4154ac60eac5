#include "storage/build_tar.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "base/text.hpp"
#include "storage/sandbox.hpp"
#include "sys/file.hpp"
#include "sys/mount.hpp"

namespace vs::storage {

namespace {

constexpr const char* kSystemDirs[] = {"bin", "usr", "sbin", "etc"};

/// What vserver-unpack says: "progress N", "note TEXT", and last, where it fails, why. It may lie: everything is text for
/// people only.
struct Conversation {
    std::vector<std::string> notes;

    void hear(std::string_view line, const Observer& observer) {
        constexpr std::size_t kMostNotes = 16;
        constexpr std::string_view kProgress = "progress ";
        constexpr std::string_view kNote = "note ";
        if (line.starts_with(kProgress)) tell(observer, fmt::format("unpacking: {} entries", line.substr(kProgress.size())));
        else if (line.starts_with(kNote) && notes.size() < kMostNotes)
            notes.push_back(base::escape_control(line.substr(kNote.size())));
    }
};

bool has_system(const sys::DirFd& dir) {
    auto exists = [&](const char* name) { return sys::exists(dir, name).value_or(false); };
    return std::any_of(std::begin(kSystemDirs), std::end(kSystemDirs), exists);
}

/// tar -C / and tar of a directory differ by one level: better said now than found at the first start.
Result<> refuse_wrapped_system(const sys::DirFd& root) {
    auto names = TRY(sys::list_dir(root));
    if (has_system(root) || names.size() != 1) return {};
    auto inner = sys::open_beneath(root, names[0], O_RDONLY | O_DIRECTORY);
    if (!inner || !has_system(sys::DirFd(inner->release()))) return {};
    return fail(Code::failed, "the system in it is one level down, in '{}': pack it with tar -C {} .", names[0], names[0]);
}

}  // namespace

Result<sys::Fd> open_archive(const TarSource& source) {
    auto fd = TRY(sys::open_at(sys::kHere, source.file, O_RDONLY | O_NONBLOCK | O_NOCTTY));
    if (!S_ISREG(TRY(sys::stat_fd(fd)).st_mode)) return fail(Code::usage, "'{}' is no plain file", source.file);
    return fd;
}

Result<std::string> tar_key(sys::FdRef archive) {
    auto status = TRY(sys::stat_fd(archive));
    return fmt::format("tar {}:{} {} {}.{} {}.{}", status.st_dev, status.st_ino, status.st_size, status.st_mtim.tv_sec,
                       status.st_mtim.tv_nsec, status.st_ctim.tv_sec, status.st_ctim.tv_nsec);
}

Result<std::vector<std::string>> build_tar(sys::FdRef archive, const Staging& staging, const UnpackProgram& program,
                                           const Observer& observer) {
    TRY(sys::make_dir(staging.dir(), "tree", 0755, sys::IfExists::fail));
    auto root = TRY(sys::open_dir(staging.dir(), "tree"));
    auto shifted = TRY(mount_for_scratch_ids(root));
    auto tree = TRY(sys::open_at(shifted, ".", O_RDONLY | O_DIRECTORY));
    Conversation conversation;
    SandboxRequest request;
    request.argv = {program.path};
    request.descriptors = {archive, tree};
    request.cancel = observer.cancel;
    request.on_line = [&](std::string_view line) { conversation.hear(line, observer); };
    auto result = TRY(run_in_sandbox(request));
    if (!result.status.success()) return fail(Code::failed, "{}", result.reason());
    TRY(refuse_wrapped_system(root));
    return std::move(conversation.notes);
}

}  // namespace vs::storage
