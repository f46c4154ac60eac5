#pragma once
// BPF programs (bpf(2)) through libbpf, and nothing else of ours calls it: loading an object and pinning what is in it, attaching
// to a control group, attaching to a network namespace, elements of maps.
//
// Programs that are attached to a control group stay until it is removed, whoever attached them; no process holds them.
// Needs CAP_BPF and CAP_NET_ADMIN, or CAP_SYS_ADMIN.

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sys/fd.hpp"

struct bpf_object;

namespace vs::sys {

struct BpfProgram : Fd { using Fd::Fd; };
struct BpfMap : Fd { using Fd::Fd; };

/// Mounts a BPF file system at `path` where none is.
Result<> need_bpf_filesystem(const std::string& path);

/// Loads an object file from memory and pins its programs and its maps, by their names, in `directory`, which appears as one
/// step when all is done. Precondition: nobody else does this at the same time; `directory` is on a BPF file system.
/// Code::unsupported where this kernel refuses a program.
Result<> load_and_pin(std::string_view object, const std::string& directory);

/// An object file that is loaded, of which nothing runs yet. It goes with this, but for what is pinned.
class BpfObject {
  public:
    /// Code::unsupported where this kernel refuses a program.
    static Result<BpfObject> load(std::string_view bytes);
    [[nodiscard]] Result<FdRef> map(const char* name) const;
    /// Attaches each program to what its section names, and pins links and maps by their names in `directory`, which must not
    /// exist and is on a BPF file system. From then on they run, whoever ends. What a failure leaves there is the caller's to remove.
    [[nodiscard]] Result<> attach_and_pin(const std::string& directory) const;

  private:
    struct Close {
        void operator()(bpf_object* object) const;
    };
    friend Result<> load_and_pin(std::string_view object, const std::string& directory);
    explicit BpfObject(bpf_object* object) : object_(object) {}
    std::unique_ptr<bpf_object, Close> object_;
};

Result<BpfProgram> open_pinned_program(const std::string& path);
Result<BpfMap> open_pinned_map(const std::string& path);

/// BPF_CGROUP_* of <linux/bpf.h>. Programs of groups above and below run too (BPF_F_ALLOW_MULTI).
Result<> attach_to_cgroup(FdRef program, FdRef group, int hook);
/// True where the program is attached there already.
Result<bool> is_attached_to_cgroup(FdRef program, FdRef group, int hook);
/// The ids of all programs that judge what a process of this group does, those of the groups above it included. Needs CAP_NET_ADMIN.
Result<std::set<std::uint32_t>> programs_over(FdRef group);

/// Whether traffic control runs BPF programs for packets of a device without a queueing discipline that `tc` would show (tcx, since Linux 6.6).
/// Needs CAP_NET_ADMIN.
Result<bool> has_device_programs(std::uint32_t index);

/// Attaches to our network namespace for as long as `pin` exists. Where it exists, it must be of our namespace: Code::unsupported
/// otherwise.
Result<> attach_to_network(FdRef program, const std::string& pin);

Result<> set_element(FdRef map, std::string_view key, std::string_view value);
/// `value` is filled; ENOENT where there is no such element.
Result<> get_element(FdRef map, std::string_view key, std::string& value);
/// Nobody changes an element of it from user space any more.
Result<> freeze_map(FdRef map);
Result<> clear_map(FdRef map, std::size_t key_size);

/// What names our network namespace within this boot, to BPF programs too (SO_NETNS_COOKIE, socket(7)).
Result<std::uint64_t> network_cookie();

}  // namespace vs::sys
