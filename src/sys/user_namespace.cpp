#include "sys/user_namespace.hpp"

#include <fcntl.h>
#include <grp.h>
#include <linux/securebits.h>
#include <sched.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <vector>

#include "base/text.hpp"
#include "sys/call.hpp"
#include "sys/file.hpp"
#include "sys/process.hpp"
#include "sys/raw.hpp"

namespace vs::sys {

Result<> write_id_maps(FdRef proc, pid_t pid, const IdMaps& maps) {
    auto text = [](const IdMapLine& line) { return fmt::format("{} {} {}\n", line.inside, line.outside, line.count); };
    TRY(write_kernel_file(proc, fmt::format("{}/uid_map", pid), text(maps.users)));
    return write_kernel_file(proc, fmt::format("{}/gid_map", pid), text(maps.groups));
}

Result<std::string> identity_map(const std::string& own_map) {
    std::string text;
    const auto map = TRY(read_file(kHere, own_map));
    for (auto line : base::split(map, '\n')) {
        std::vector<std::string_view> words;  // inside, outside, count
        for (auto word : base::split(line, ' '))
            if (!word.empty()) words.push_back(word);
        if (words.size() == 3) text += fmt::format("{} {} {}\n", words[0], words[0], words[2]);
    }
    if (text.empty()) return fail(Code::failed, "'{}' maps no ids", own_map);
    return text;
}

bool in_first_user_namespace() {
    constexpr ino_t kInitial = 0xEFFFFFFD;  // PROC_USER_INIT_INO: never changes
    struct stat status {};
    return ::stat("/proc/self/ns/user", &status) == 0 && status.st_ino == kInitial;
}

Result<NamespaceFd> make_id_mapping(FdRef proc, const IdMaps& maps) {
    auto pipe = TRY(make_pipe());
    const auto child = raw::fork_idle(CLONE_NEWUSER, {pipe.read.get(), pipe.write.get()});  // until its namespace has been opened
    if (child < 0) return std::unexpected<Error>(error_from(-child, "clone a process into a user namespace"));
    auto mapped = write_id_maps(proc, child, maps);
    auto opened = open_at(proc, fmt::format("{}/ns/user", child), O_RDONLY);
    pipe.write.reset();
    TRY(reap_child(child));
    TRY(std::move(mapped));
    if (!opened) return std::unexpected<Error>(opened.error());
    return NamespaceFd(opened->release());
}

Result<ScopedEffectiveId> ScopedEffectiveId::become(std::uint32_t uid) {
    int before = ::prctl(PR_GET_SECUREBITS);
    if (before < 0) return failed("prctl PR_GET_SECUREBITS");
    // Without this bit the change of the effective uid would drop every effective capability (capabilities(7)).
    if (::prctl(PR_SET_SECUREBITS, before | SECBIT_NO_SETUID_FIXUP) < 0) return failed("prctl PR_SET_SECUREBITS");
    if (::setresgid(-1U, uid, -1U) < 0 || ::setresuid(-1U, uid, -1U) < 0) return failed("act as uid {}", uid);
    return ScopedEffectiveId(static_cast<unsigned>(before));
}

ScopedEffectiveId::ScopedEffectiveId(ScopedEffectiveId&& other) noexcept
    : securebits_(other.securebits_), active_(std::exchange(other.active_, false)) {}

ScopedEffectiveId::~ScopedEffectiveId() {
    if (!active_) return;
    // The saved ids are still root's, so none of these can fail; going on as somebody else would be worse than ending.
    if (::setresuid(-1U, 0, -1U) < 0 || ::setresgid(-1U, 0, -1U) < 0 || ::prctl(PR_SET_SECUREBITS, securebits_) < 0) ::_exit(125);
}

Result<> become(std::uint32_t uid, std::uint32_t gid) {
    if (::setresgid(gid, gid, gid) < 0) return failed("setresgid {}", gid);
    if (::setgroups(0, nullptr) < 0) return failed("setgroups");
    if (::setresuid(uid, uid, uid) < 0) return failed("setresuid {}", uid);
    return {};
}

}  // namespace vs::sys
