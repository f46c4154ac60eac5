#include "server/our_programs.hpp"

#include "sys/file.hpp"
#include "sys/process.hpp"

namespace vs::server {

namespace {
constexpr const char* kOverride = "VSERVER_LIBEXEC";
}

std::string libexec_program(const std::string& name) {
    auto override_dir = sys::environment_variable(kOverride);
    return (override_dir.empty() ? std::string(VSERVER_LIBEXEC_DIR) : override_dir) + "/" + name;
}

Result<std::string> vserver_program() { return sys::own_program(); }

Result<std::string> tool_program(const std::string& name) {
    const auto own = TRY(vserver_program());
    const auto dir = own.substr(0, own.rfind('/'));
    for (const auto& path : {dir + "/" + name, dir + "/../bin/" + name})
        if (TRY(sys::exists(sys::kHere, path))) return path;
    return fail(Code::failed, "'{}' is not beside '{}': install the package again", name, own);
}

std::vector<std::string> program_environment() {
    std::vector<std::string> environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8"};
    auto override_dir = sys::environment_variable(kOverride);
    if (!override_dir.empty()) environment.push_back(fmt::format("{}={}", kOverride, override_dir));
    return environment;
}

}  // namespace vs::server
