#include "sys/xattr.hpp"

#include <sys/xattr.h>

#include <algorithm>
#include <cerrno>

#include "sys/call.hpp"

namespace vs::sys {

namespace {
constexpr std::size_t kMost = 65536;  // XATTR_SIZE_MAX and XATTR_LIST_MAX: no second try needed
}

Result<std::optional<std::string>> get_xattr(FdRef fd, const std::string& name) {
    std::string value;
    ssize_t size = 0;
    value.resize_and_overwrite(kMost, [&](char* room, std::size_t most) {
        size = ::fgetxattr(fd.get(), name.c_str(), room, most);
        return static_cast<std::size_t>(std::max<ssize_t>(size, 0));
    });
    if (size < 0 && (errno == ENODATA || errno == EOPNOTSUPP)) return std::optional<std::string>();
    if (size < 0) return failed("get xattr '{}'", name);
    return std::optional(std::move(value));
}

Result<std::vector<std::string>> list_xattrs(FdRef fd) {
    std::string list;
    ssize_t size = 0;
    list.resize_and_overwrite(kMost, [&](char* room, std::size_t most) {
        size = ::flistxattr(fd.get(), room, most);
        return static_cast<std::size_t>(std::max<ssize_t>(size, 0));
    });
    if (size < 0 && errno == EOPNOTSUPP) return std::vector<std::string>();
    if (size < 0) return failed("list xattrs");
    std::vector<std::string> names;
    for (std::size_t at = 0; at < list.size(); at += names.back().size() + 1) names.emplace_back(list.c_str() + at);
    std::sort(names.begin(), names.end());
    return names;
}

Result<> set_xattr(FdRef fd, const std::string& name, std::string_view value) {
    if (::fsetxattr(fd.get(), name.c_str(), value.data(), value.size(), 0) < 0) return failed("set xattr '{}'", name);
    return {};
}

Result<> remove_xattr(FdRef fd, const std::string& name) {
    if (::fremovexattr(fd.get(), name.c_str()) < 0 && errno != ENODATA) return failed("remove xattr '{}'", name);
    return {};
}

}  // namespace vs::sys
