#include "sys/bpf.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/magic.h>
#include <sys/socket.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <memory>

#include "base/text.hpp"
#include "sys/call.hpp"
#include "sys/file.hpp"
#include "sys/mount.hpp"
#include "sys/tree.hpp"

namespace vs::sys {

namespace {

#ifndef SO_NETNS_COOKIE
constexpr int kNetworkCookie = 71;  // Linux 5.14; Debian 12's libc does not name it
#else
constexpr int kNetworkCookie = SO_NETNS_COOKIE;
#endif

// What of a control group's a program can be attached to: all that Linux 6.1 has but LSM hooks, which are the host's own.
constexpr bpf_attach_type kGroupHooks[] = {
    BPF_CGROUP_INET_INGRESS,      BPF_CGROUP_INET_EGRESS,       BPF_CGROUP_INET_SOCK_CREATE,  BPF_CGROUP_INET_SOCK_RELEASE,
    BPF_CGROUP_SOCK_OPS,          BPF_CGROUP_DEVICE,            BPF_CGROUP_SYSCTL,            BPF_CGROUP_GETSOCKOPT,
    BPF_CGROUP_SETSOCKOPT,        BPF_CGROUP_INET4_BIND,        BPF_CGROUP_INET6_BIND,        BPF_CGROUP_INET4_POST_BIND,
    BPF_CGROUP_INET6_POST_BIND,   BPF_CGROUP_INET4_CONNECT,     BPF_CGROUP_INET6_CONNECT,     BPF_CGROUP_UDP4_SENDMSG,
    BPF_CGROUP_UDP6_SENDMSG,      BPF_CGROUP_UDP4_RECVMSG,      BPF_CGROUP_UDP6_RECVMSG,      BPF_CGROUP_INET4_GETPEERNAME,
    BPF_CGROUP_INET6_GETPEERNAME, BPF_CGROUP_INET4_GETSOCKNAME, BPF_CGROUP_INET6_GETSOCKNAME};

/// libbpf tells why only by printing. Its last warning, which names the program and what the verifier did not like, is kept.
std::string& last_warning() {
    static std::string text;
    return text;
}

__attribute__((format(printf, 2, 0))) int keep_warning(libbpf_print_level level, const char* format, va_list arguments) {
    if (level != LIBBPF_WARN) return 0;
    char line[512];
    ::vsnprintf(line, sizeof line, format, arguments);
    last_warning() = std::string(base::trim(line));
    return 0;
}

/// libbpf returns a negative errno.
Error refusal(int result, const std::string& call) {
    auto error = error_from(-result, call);
    if (result == -EPERM || result == -EACCES || result == -EINVAL) error.code = Code::unsupported;
    if (!last_warning().empty()) error.cause += fmt::format(" ({})", last_warning());
    return error;
}

/// An attachment; destroyed without being pinned, it is undone.
struct DestroyLink {
    void operator()(bpf_link* link) const { ::bpf_link__destroy(link); }
};

Result<> attach_program(bpf_program* program, const std::string& directory) {
    const std::string name = ::bpf_program__name(program);
    std::unique_ptr<bpf_link, DestroyLink> link(::bpf_program__attach(program));
    if (link == nullptr) return std::unexpected<Error>(refusal(-errno_now(), fmt::format("attach the BPF program '{}'", name)));
    if (int result = ::bpf_link__pin(link.get(), (directory + "/" + name).c_str()); result < 0)
        return std::unexpected<Error>(refusal(result, fmt::format("pin '{}' in '{}'", name, directory)));
    return {};
}

Result<> pin_maps(bpf_object* object, const std::string& directory) {
    if (int result = ::bpf_object__pin_maps(object, directory.c_str()); result < 0)
        return std::unexpected<Error>(refusal(result, fmt::format("pin the BPF maps in '{}'", directory)));
    return {};
}

std::uint32_t network_inode() {
    auto status = stat_fd(open_at(kHere, "/proc/self/ns/net", O_RDONLY).value_or(Fd()));
    return status ? static_cast<std::uint32_t>(status->st_ino) : 0;
}

}  // namespace

Result<> need_bpf_filesystem(const std::string& path) {
    struct statfs status {};
    if (::statfs(path.c_str(), &status) == 0 && status.f_type == BPF_FS_MAGIC) return {};
    auto mount = TRY(new_mount("bpf", {{"mode", "0700"}}, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC));
    return attach(mount, kHere, path);
}

void BpfObject::Close::operator()(bpf_object* object) const { ::bpf_object__close(object); }

Result<BpfObject> BpfObject::load(std::string_view bytes) {
    ::libbpf_set_print(keep_warning);
    bpf_object_open_opts options{};
    options.sz = sizeof options;
    options.object_name = "vserver";
    BpfObject object(::bpf_object__open_mem(bytes.data(), bytes.size(), &options));
    if (object.object_ == nullptr) return failed("read the BPF object");
    if (int result = ::bpf_object__load(object.object_.get()); result < 0)
        return std::unexpected<Error>(refusal(result, "load the BPF programs into this kernel"));
    return object;
}

Result<FdRef> BpfObject::map(const char* name) const {
    int fd = ::bpf_object__find_map_fd_by_name(object_.get(), name);
    if (fd < 0) return fail(Code::failed, "the BPF object has no map '{}'", name);
    return FdRef(fd);
}

Result<> BpfObject::attach_and_pin(const std::string& directory) const {
    TRY(make_dir(kHere, directory, 0700, IfExists::fail));
    bpf_program* program = nullptr;
    bpf_object__for_each_program(program, object_.get()) TRY(attach_program(program, directory));
    return pin_maps(object_.get(), directory);
}

Result<> load_and_pin(std::string_view object, const std::string& directory) {
    auto loaded = TRY(BpfObject::load(object));
    auto unfinished = directory + "-new";  // names there may have no dot
    if (TRY(exists(kHere, unfinished))) TRY(remove_tree(kHere, unfinished));
    TRY(make_dir(kHere, unfinished, 0700, IfExists::fail));
    if (int result = ::bpf_object__pin_programs(loaded.object_.get(), unfinished.c_str()); result < 0)
        return std::unexpected<Error>(refusal(result, fmt::format("pin the BPF programs in '{}'", unfinished)));
    TRY(pin_maps(loaded.object_.get(), unfinished));
    return rename_at(kHere, unfinished, kHere, directory);
}

Result<BpfProgram> open_pinned_program(const std::string& path) {
    int fd = ::bpf_obj_get(path.c_str());
    if (fd < 0) return failed("open the BPF program '{}'", path);
    return BpfProgram(fd);
}

Result<BpfMap> open_pinned_map(const std::string& path) {
    int fd = ::bpf_obj_get(path.c_str());
    if (fd < 0) return failed("open the BPF map '{}'", path);
    return BpfMap(fd);
}

Result<> attach_to_cgroup(FdRef program, FdRef group, int hook) {
    if (::bpf_prog_attach(program.get(), group.get(), static_cast<bpf_attach_type>(hook), BPF_F_ALLOW_MULTI) < 0)
        return failed("attach a BPF program to a control group (hook {})", hook);
    return {};
}

Result<bool> is_attached_to_cgroup(FdRef program, FdRef group, int hook) {
    bpf_prog_info info{};
    std::uint32_t size = sizeof info;
    if (::bpf_obj_get_info_by_fd(program.get(), &info, &size) < 0) return failed("describe a BPF program");
    std::uint32_t ids[64], count = 64, flags = 0;
    if (::bpf_prog_query(group.get(), static_cast<bpf_attach_type>(hook), 0, &flags, ids, &count) < 0)
        return failed("list the BPF programs of a control group (hook {})", hook);
    for (std::uint32_t i = 0; i < count; ++i)
        if (ids[i] == info.id) return true;
    return false;
}

Result<std::set<std::uint32_t>> programs_over(FdRef group) {
    std::set<std::uint32_t> programs;
    for (auto hook : kGroupHooks) {
        std::uint32_t ids[256], count = 256, flags = 0;
        if (::bpf_prog_query(group.get(), hook, BPF_F_QUERY_EFFECTIVE, &flags, ids, &count) < 0)
            return failed("list the BPF programs over a control group (hook {})", static_cast<int>(hook));
        programs.insert(ids, ids + count);
    }
    return programs;
}

Result<bool> has_device_programs(std::uint32_t index) {
    constexpr int kTcxIngress = 46, kTcxEgress = 47;  // not in the headers of before Linux 6.6
    for (int hook : {kTcxIngress, kTcxEgress}) {
        std::uint32_t flags = 0, count = 0;
        int status = ::bpf_prog_query(static_cast<int>(index), static_cast<bpf_attach_type>(hook), 0, &flags, nullptr, &count);
        if (status == 0 && count > 0) return true;
        bool unknown = status < 0 && (errno_now() == EINVAL || errno_now() == ENOENT);  // to an older kernel
        if (status < 0 && !unknown) return failed("ask for the BPF programs of device number {}", index);
    }
    return false;
}

Result<> attach_to_network(FdRef program, const std::string& pin) {
    if (Fd link(::bpf_obj_get(pin.c_str())); link.is_open()) {
        bpf_link_info info{};
        std::uint32_t size = sizeof info;
        if (::bpf_obj_get_info_by_fd(link.get(), &info, &size) < 0) return failed("describe the BPF link '{}'", pin);
        if (info.netns.netns_ino == network_inode()) return {};
        return fail(Code::unsupported, "'{}' serves another network namespace: several addresses can be locked to in one only", pin);
    }
    Fd network = TRY(open_at(kHere, "/proc/self/ns/net", O_RDONLY));
    Fd link(::bpf_link_create(program.get(), network.get(), BPF_SK_LOOKUP, nullptr));
    if (!link.is_open()) return failed("attach a BPF program to the network namespace");
    if (::bpf_obj_pin(link.get(), pin.c_str()) < 0) return failed("pin '{}'", pin);
    return {};
}

Result<> set_element(FdRef map, std::string_view key, std::string_view value) {
    if (::bpf_map_update_elem(map.get(), key.data(), value.data(), BPF_ANY) < 0) return failed("set an element of a BPF map");
    return {};
}

Result<> get_element(FdRef map, std::string_view key, std::string& value) {
    if (::bpf_map_lookup_elem(map.get(), key.data(), value.data()) < 0) return failed("read an element of a BPF map");
    return {};
}

Result<> freeze_map(FdRef map) {
    if (::bpf_map_freeze(map.get()) < 0) return failed("freeze a BPF map");
    return {};
}

Result<> clear_map(FdRef map, std::size_t key_size) {
    std::string key(key_size, '\0');
    while (::bpf_map_get_next_key(map.get(), nullptr, key.data()) == 0)
        if (::bpf_map_delete_elem(map.get(), key.data()) < 0) return failed("clear a BPF map");
    return {};
}

Result<std::uint64_t> network_cookie() {
    SocketFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!socket.is_open()) return failed("socket AF_INET");
    std::uint64_t cookie = 0;
    socklen_t size = sizeof cookie;
    if (::getsockopt(socket.get(), SOL_SOCKET, kNetworkCookie, &cookie, &size) < 0) return failed("ask for SO_NETNS_COOKIE");
    return cookie;
}

}  // namespace vs::sys
