#include "server/host_path.hpp"

#include <fcntl.h>

#include <vector>

#include "base/text.hpp"
#include "sys/file.hpp"

namespace vs::server {

namespace {

struct Directory {
    std::string path;
    struct stat status;
};

Result<> check_directory(const Directory& directory, std::uint32_t owner) {
    const auto& [path, status] = directory;
    if (status.st_uid != 0 && status.st_uid != owner)
        return fail(Code::denied, "'{}' belongs to user {}, who could put something else in its place: chown it to root", path, status.st_uid);
    bool others_write = (status.st_mode & (S_IWGRP | S_IWOTH)) != 0 && (status.st_mode & S_ISVTX) == 0;
    if (others_write) return fail(Code::denied, "others may write '{}' and could put something else in its place: chmod go-w it", path);
    return {};
}

/// What a path leads to, and the directories on the way.
struct Walk {
    sys::Fd end;
    std::vector<Directory> above;
};

Result<Walk> walk(const std::string& path) {
    Walk walk{TRY(sys::open_at(sys::kHere, "/", O_PATH | O_DIRECTORY)), {}};
    std::string walked;
    for (auto part : base::split(std::string_view(path).substr(1), '/')) {
        const auto status = TRY(sys::stat_fd(walk.end));
        walk.above.push_back({walked.empty() ? "/" : walked, status});
        walked += fmt::format("/{}", part);
        walk.end = TRY_WITH(sys::open_beneath(walk.end, std::string(part), O_PATH), "open '{}'", walked);
        if (S_ISLNK(TRY(sys::stat_fd(walk.end)).st_mode)) return fail(Code::denied, "'{}' is a link: name the place that it leads to", walked);
    }
    return walk;
}

Result<sys::Fd> if_decided_by(Walk walk, std::uint32_t owner) {
    for (const auto& directory : walk.above) TRY(check_directory(directory, owner));
    return std::move(walk.end);
}

}  // namespace

Result<sys::Fd> open_host_path(const std::string& path) {
    auto found = TRY(walk(path));
    auto owner = TRY(sys::stat_fd(found.end)).st_uid;
    return if_decided_by(std::move(found), owner);
}

Result<sys::Fd> open_root_path(const std::string& path) { return if_decided_by(TRY(walk(path)), 0); }

}  // namespace vs::server
