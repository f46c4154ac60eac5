#include "sys/host.hpp"

#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "sys/call.hpp"

namespace vs::sys {

std::string kernel_release() {
    struct utsname names {};
    return ::uname(&names) == 0 ? names.release : "";
}

std::chrono::seconds age_of(std::uint64_t start_ticks) {
    timespec now{};
    ::clock_gettime(CLOCK_BOOTTIME, &now);
    auto started = static_cast<std::int64_t>(start_ticks) / ::sysconf(_SC_CLK_TCK);
    return std::chrono::seconds(now.tv_sec > started ? now.tv_sec - started : 0);
}

SinceBoot seconds_since_boot() {
    timespec monotonic{}, boot{};
    ::clock_gettime(CLOCK_MONOTONIC, &monotonic);
    ::clock_gettime(CLOCK_BOOTTIME, &boot);
    return {monotonic.tv_sec, boot.tv_sec};
}

Result<DiskSpace> disk_space(const std::string& path) {
    struct statvfs status {};
    if (::statvfs(path.c_str(), &status) < 0) return failed("statvfs '{}'", path);
    return DiskSpace{status.f_bavail * status.f_frsize, status.f_blocks * status.f_frsize, status.f_favail, status.f_files};
}

namespace {

void log_at(int priority, const char* program, std::string_view sentence) {
    ::openlog(program, LOG_PID, LOG_DAEMON);
    ::syslog(priority, "%.*s", static_cast<int>(sentence.size()), sentence.data());
    ::closelog();
}

}  // namespace

void log_warning(const char* program, std::string_view sentence) { log_at(LOG_WARNING, program, sentence); }
void log_error(const char* program, std::string_view sentence) { log_at(LOG_ERR, program, sentence); }

}  // namespace vs::sys
