#include "server/host_limits.hpp"

#include <cerrno>

#include "base/text.hpp"
#include "sys/file.hpp"

namespace vs::server {

namespace {

struct HostLimit {
    const char* path;
    std::uint64_t wanted;
};
// The neighbours of all network namespaces are in one table for each protocol, of 1,024 entries by default: a server that
// asks for unanswered addresses, on the wire or on a device of its own, has it full, and then nobody finds a new neighbour. The
// hard limit first, for the soft one is of no use above it. Terminals: 4,096 for all, and a server can have more than the 128 of its /dev by
// mounting another devpts. Messages that wait at a socket, such as a server's for its log: ten, where systemd has not raised it.
constexpr HostLimit kHostLimits[] = {
    {"net/ipv4/neigh/default/gc_thresh3", 65536}, {"net/ipv4/neigh/default/gc_thresh2", 32768},
    {"net/ipv6/neigh/default/gc_thresh3", 65536}, {"net/ipv6/neigh/default/gc_thresh2", 32768},
    {"kernel/pty/max", 65536}, {"net/unix/max_dgram_qlen", 512},
};

}  // namespace

Result<std::vector<LowLimit>> low_host_limits(sys::FdRef sysctls) {
    std::vector<LowLimit> low;
    for (const auto& [path, wanted] : kHostLimits) {
        auto text = sys::read_kernel_file(sysctls, path);
        if (!text && text.error().errno_value == ENOENT) continue;  // not in this kernel, or not in this network namespace
        auto value = base::parse_number(TRY(std::move(text)));
        if (value && *value < wanted) low.push_back({path, *value, wanted});
    }
    return low;
}

Result<> raise_host_limits(sys::FdRef sysctls) {
    for (const auto& limit : TRY(low_host_limits(sysctls))) (void)sys::write_kernel_file(sysctls, limit.path, std::to_string(limit.wanted));
    return {};
}

}  // namespace vs::server
