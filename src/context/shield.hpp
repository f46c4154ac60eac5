#pragma once
// The shield: what the main environment cannot do to processes of servers, root included. BPF programs at the kernel's security
// hooks (bpf/shield.bpf.c, docs/decisions/shield.md), pinned, so that they hold without a process of ours until they are taken
// off or the machine ends.
//
// Needs root and a kernel with BPF among its security modules: everything else is Code::unsupported.

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "model/name.hpp"

struct shield_setup;    // bpf/shield.h
struct shield_program;

namespace vs::context {

enum class ShieldRole {
    door,     ///< what it does to servers is not refused
    guarded,  ///< nobody traces it: it holds what belongs to servers
};
struct ShieldProgram {
    std::string path;
    ShieldRole role = ShieldRole::door;
};

/// Puts it up, or in place of the one that is up. Code::busy while a private server runs: until its end the shield stays as it is.
Result<> raise_shield(const std::vector<ShieldProgram>& programs);
/// Takes it off; nothing to do where none is up. Code::busy as above.
Result<> lower_shield();

Result<bool> shield_is_up();
/// Code::unsupported where the kernel does not take the programs; nothing stays.
Result<> try_shield();
/// Whether `program` is a door of the shield that is up: one that was installed since is none until it is raised again.
Result<bool> is_door(const std::string& program);

/// A private server's processes are refused to the door too, but for ending them. Only the door may say so while one runs.
/// Code::unsupported where no shield is up; nothing is private then.
enum class Privacy { shared, private_ };
Result<> set_privacy(model::ServerNumber number, Privacy privacy);

/// What the programs are told: `root` is the name of the servers' control group, `above` are the ids of those it is in.
struct ShieldedGroups {
    std::string root;
    std::vector<std::uint64_t> above;
};
/// Code::unsupported for what has no room in it.
Result<shield_setup> make_setup(const ShieldedGroups& groups, const std::vector<shield_program>& programs);

}  // namespace vs::context
