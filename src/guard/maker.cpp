#include "guard/maker.hpp"

#include <fcntl.h>

#include <algorithm>

#include "base/text.hpp"
#include "context/context_groups.hpp"
#include "guard/look.hpp"
#include "guard/onlooker.hpp"
#include "sys/content.hpp"
#include "sys/file.hpp"

namespace vs::guard {

namespace {

constexpr std::size_t kMostRemembered = 4096;

/// A file that changes again leaves another key, but within a tick of the clock.
bool is_settled(const Stamp& stamp) {
    constexpr std::int64_t kManyTicks = 1'000'000'000;
    return stamp.changed != 0 && stamp.changed + kManyTicks < sys::file_clock();
}

}  // namespace

/// The link of /proc leads to the file itself: no name of the server's choice is looked up. Nothing is read here; O_NONBLOCK, because who
/// holds a lease on it could have us wait.
Result<std::string> Makers::describe_program(const sys::DirFd& process) {
    auto file = TRY(sys::open_at(process, "exe", O_RDONLY | O_NONBLOCK | O_NOCTTY));
    auto status = TRY(sys::stat_fd(file));
    auto stamp = entry_of("/", status).stamp;
    auto key = fmt::format("{} {} {} {}", status.st_dev, stamp.inode, stamp.changed, status.st_size);
    if (auto known = digests_.find(key); known != digests_.end()) return fmt::format("inode {}, BLAKE2b {}", stamp.inode, known->second);
    auto digest = have_digested(file);
    if (!digest) return fmt::format("inode {}, BLAKE2b unknown: {}", stamp.inode, base::escape_control(digest.error().message()));
    if (digests_.size() >= kMostRemembered) digests_.clear();
    if (is_settled(stamp)) digests_.emplace(std::move(key), *digest);
    return fmt::format("inode {}, BLAKE2b {}", stamp.inode, *digest);
}

Result<std::string> Makers::look_at(pid_t pid) {
    auto process = TRY(sys::open_dir(sys::kHere, fmt::format("/proc/{}", pid)));
    auto group = TRY(context::group_of(process));
    auto path = sys::read_link(process, "exe");
    if (!path && path.error().errno_value != ENAMETOOLONG) return std::unexpected<Error>(path.error());
    auto program = describe_program(process);
    return fmt::format("{}, {}, group {}", path ? base::escape_control(*path) : "a program whose path is too long to be told",
                       program ? *program : program.error().message(), base::escape_control(group));
}

std::string Makers::describe(pid_t pid) {
    auto found = look_at(pid);
    return fmt::format("host pid {} ({})", pid, found ? *found : "gone");
}

void SeenMakers::add(Makers& makers, pid_t pid) {
    constexpr std::size_t kMostNamed = 3, kMostLooks = 8;
    if (who.size() == kMostNamed || looks == kMostLooks) return;
    const auto begun = std::chrono::steady_clock::now();
    auto maker = makers.describe(pid);
    ++looks;
    took += std::chrono::steady_clock::now() - begun;
    if (std::ranges::find(who, maker) == who.end()) who.push_back(std::move(maker));
}

}  // namespace vs::guard
