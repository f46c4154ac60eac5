#include "server/grant.hpp"

#include <endian.h>
#include <fcntl.h>
#include <linux/capability.h>

#include "server/our_programs.hpp"
#include "sys/file.hpp"
#include "sys/xattr.hpp"

namespace vs::server {

namespace {

Result<sys::Fd> open_tool(const std::string& tool) {
    if (tool != "reducecap") return fail(Code::usage, "'{}' gets no grant: only reducecap does", tool);
    return sys::open_at(sys::kHere, TRY(tool_program(tool)), O_RDONLY);
}

}  // namespace

Result<> grant(const std::string& tool) {
    auto file = TRY(open_tool(tool));
    vfs_cap_data capability{};
    capability.magic_etc = htole32(VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE);
    capability.data[CAP_SETPCAP / 32].permitted = htole32(1U << CAP_SETPCAP % 32);
    return sys::set_xattr(file, sys::kCapabilityXattr, {reinterpret_cast<const char*>(&capability), XATTR_CAPS_SZ_2});
}

Result<> revoke(const std::string& tool) { return sys::remove_xattr(TRY(open_tool(tool)), sys::kCapabilityXattr); }

}  // namespace vs::server
