#include "sys/walk.hpp"

#include <fcntl.h>

#include <vector>

#include "sys/file.hpp"

namespace vs::sys {

Result<> walk_tree(FdRef root, const std::function<Result<>(const std::string& path, const struct stat& status)>& visit) {
    std::vector<std::string> pending = {"."};
    while (!pending.empty()) {
        std::string path = std::move(pending.back());
        pending.pop_back();
        Fd dir = TRY(open_beneath(root, path, O_RDONLY | O_DIRECTORY));
        std::string prefix = path == "." ? "" : path + "/";
        for (const auto& name : TRY(list_dir(dir))) {
            auto status = TRY(stat_at(dir, name));
            TRY(visit(prefix + name, status));
            if (S_ISDIR(status.st_mode)) pending.push_back(prefix + name);
        }
    }
    return {};
}

}  // namespace vs::sys
