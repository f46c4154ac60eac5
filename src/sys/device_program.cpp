#include "sys/device_program.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include <cerrno>

#include "base/text.hpp"
#include "sys/call.hpp"
#include "sys/file.hpp"
#include "sys/netlink.hpp"

namespace vs::sys {

namespace {

constexpr std::string_view kAttached = "device-", kMade = "clsact-";

bpf_tc_hook hook_of(std::uint32_t device, unsigned points) {
    ::libbpf_set_print(nullptr);  // it prints what the kernel says even where that is no error: that a filter is there already
    bpf_tc_hook hook{};
    hook.sz = sizeof hook;
    hook.ifindex = static_cast<int>(device);
    hook.attach_point = static_cast<bpf_tc_attach_point>(points);
    return hook;
}

bpf_tc_opts options_of(DeviceFilter filter) {
    bpf_tc_opts options{};
    options.sz = sizeof options;
    options.handle = filter.handle;
    options.priority = filter.priority;
    return options;
}

Error refusal(int result, const std::string& call) {
    auto error = error_from(-result, call);
    if (result == -ENOENT || result == -EOPNOTSUPP) error.code = Code::unsupported;
    return error;
}

std::string pin_of(const std::string& pins, std::string_view kind, std::uint32_t device) { return fmt::format("{}/{}{}", pins, kind, device); }

Result<> pin(FdRef program, const std::string& path) {
    if (::bpf_obj_pin(program.get(), path.c_str()) < 0 && errno_now() != EEXIST) return failed("pin '{}'", path);
    return {};
}

Result<std::size_t> filters_of(NetlinkSocket& socket, std::uint32_t device, std::uint32_t side) {
    tcmsg header{};
    header.tcm_ifindex = static_cast<int>(device);
    header.tcm_parent = TC_H_MAKE(TC_H_CLSACT, side);
    MessageRow row;
    row.begin(RTM_GETTFILTER, NLM_F_DUMP, bytes_of(header), fmt::format("filters of device {}", device));
    std::size_t count = 0;
    TRY(socket.dump(row, [&](std::string_view) { ++count; }));
    return count;
}

/// A device that is gone has neither.
Result<> detach(std::uint32_t device, DeviceFilter filter, const std::string& pins) {
    auto hook = hook_of(device, BPF_TC_INGRESS);
    auto options = options_of(filter);
    if (int result = ::bpf_tc_detach(&hook, &options); result < 0 && result != -ENOENT && result != -ENODEV && result != -EINVAL)
        return std::unexpected<Error>(refusal(result, fmt::format("take a BPF program off device {}", device)));
    const auto made = pin_of(pins, kMade, device);
    if (TRY(exists(kHere, made))) {
        auto socket = TRY(NetlinkSocket::open(NETLINK_ROUTE));
        auto in = filters_of(socket, device, TC_H_MIN_INGRESS), out = filters_of(socket, device, TC_H_MIN_EGRESS);
        auto both = hook_of(device, BPF_TC_INGRESS | BPF_TC_EGRESS);
        if (in && out && *in + *out == 0) (void)::bpf_tc_hook_destroy(&both);
        TRY(remove_file(kHere, made));
    }
    return remove_file(kHere, pin_of(pins, kAttached, device));
}

}  // namespace

Result<> attach_to_device(FdRef program, std::uint32_t device, DeviceFilter filter, const std::string& pins) {
    TRY(pin(program, pin_of(pins, kAttached, device)));  // first: what is attached is told by it
    auto hook = hook_of(device, BPF_TC_INGRESS);
    int made = ::bpf_tc_hook_create(&hook);
    if (made < 0 && made != -EEXIST) return std::unexpected<Error>(refusal(made, fmt::format("make the qdisc clsact of device {}", device)));
    if (made == 0) TRY(pin(program, pin_of(pins, kMade, device)));
    auto options = options_of(filter);
    options.prog_fd = program.get();
    if (int result = ::bpf_tc_attach(&hook, &options); result < 0 && result != -EEXIST)
        return std::unexpected<Error>(refusal(result, fmt::format("attach a BPF program to device {}", device)));
    return {};
}

Result<> detach_from_devices(DeviceFilter filter, const std::string& pins) {
    for (const auto& name : TRY(list_dir(TRY(open_dir(kHere, pins)))))
        if (name.starts_with(kAttached))
            if (auto device = base::parse_number(std::string_view(name).substr(kAttached.size())))
                TRY(detach(static_cast<std::uint32_t>(*device), filter, pins));
    return {};
}

}  // namespace vs::sys
