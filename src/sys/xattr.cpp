#include "sys/xattr.hpp"

#include <sys/xattr.h>

#include <algorithm>
#include <cerrno>

#include "sys/call.hpp"

namespace vs::sys {

Result<std::optional<std::string>> get_xattr(FdRef fd, const std::string& name) {
    std::string value(65536, '\0');  // XATTR_SIZE_MAX: no second try needed
    ssize_t size = ::fgetxattr(fd.get(), name.c_str(), value.data(), value.size());
    if (size < 0 && (errno == ENODATA || errno == EOPNOTSUPP)) return std::optional<std::string>();
    if (size < 0) return failed("get xattr '{}'", name);
    value.resize(static_cast<std::size_t>(size));
    return std::optional(std::move(value));
}

Result<std::vector<std::string>> list_xattrs(FdRef fd) {
    std::string list(65536, '\0');  // XATTR_LIST_MAX
    ssize_t size = ::flistxattr(fd.get(), list.data(), list.size());
    if (size < 0 && errno == EOPNOTSUPP) return std::vector<std::string>();
    if (size < 0) return failed("list xattrs");
    std::vector<std::string> names;
    for (std::size_t at = 0; at < static_cast<std::size_t>(size); at += names.back().size() + 1) names.emplace_back(list.c_str() + at);
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
