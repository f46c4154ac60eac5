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

}  // namespace

Result<sys::Fd> open_host_path(const std::string& path) {
    std::vector<Directory> above;
    auto at = TRY(sys::open_at(sys::kHere, "/", O_PATH | O_DIRECTORY));
    std::string walked;
    for (auto part : base::split(std::string_view(path).substr(1), '/')) {
        above.push_back({walked.empty() ? "/" : walked, TRY(sys::stat_fd(at))});
        walked += fmt::format("/{}", part);
        at = TRY_WITH(sys::open_beneath(at, std::string(part), O_PATH), "open '{}'", walked);
        if (S_ISLNK(TRY(sys::stat_fd(at)).st_mode)) return fail(Code::denied, "'{}' is a link: name the place that it leads to", walked);
    }
    auto owner = TRY(sys::stat_fd(at)).st_uid;
    for (const auto& directory : above) TRY(check_directory(directory, owner));
    return at;
}

}  // namespace vs::server
