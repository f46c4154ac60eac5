#include "context/shield.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "bpf/shield.h"
#include "context/group_root.hpp"
#include "context/shield_object.hpp"
#include "model/paths.hpp"
#include "sys/bpf.hpp"
#include "sys/file.hpp"
#include "sys/mount_table.hpp"
#include "sys/tree.hpp"

namespace vs::context {

static_assert(SHIELD_FIRST_ID == model::ServerNumber{0}.first_id() && SHIELD_SERVERS == model::ServerNumber::kMost + 1 &&
              1U << SHIELD_ID_BITS == model::ServerNumber{1}.first_id() - model::ServerNumber{0}.first_id());

namespace {

const std::string kBpf = "/sys/fs/bpf";
const std::string kPins = "vserver-shield";  // the programs know this name
const std::string kNext = kPins + "-next", kLast = kPins + "-last";

template <typename T>
std::string_view bytes_of(const T& value) { return {reinterpret_cast<const char*>(&value), sizeof value}; }

std::string pin(const std::string& name) { return fmt::format("{}/{}/{}", kBpf, kPins, name); }

/// One at a time.
Result<sys::Fd> take_turn() {
    TRY(sys::make_dir(sys::kHere, model::paths::kRun, 0700, sys::IfExists::keep));
    return sys::lock_file(TRY(sys::open_dir(sys::kHere, model::paths::kRun)), ".shield", sys::LockWait::wait);
}

Result<> remove_pins(const std::string& name) {
    auto bpf = TRY(sys::open_dir(sys::kHere, kBpf));
    return TRY(sys::exists(bpf, name)) ? sys::remove_tree(bpf, name) : Result<>();
}

Result<ShieldedGroups> find_groups(const std::string& root) {
    ShieldedGroups groups{root.substr(root.rfind('/') + 1), {}};
    const auto mount = TRY(cgroup2_mount());
    for (auto path = root.substr(0, root.rfind('/')); path.size() >= mount.size(); path.resize(path.rfind('/')))
        groups.above.push_back(TRY(sys::stat_at(sys::kHere, path)).st_ino);
    return groups;
}

Result<std::vector<shield_program>> find_programs(const std::vector<ShieldProgram>& programs) {
    std::vector<shield_program> found;
    for (const auto& [path, role] : programs) {
        auto inode = TRY(sys::kernel_inode(path));
        const auto mark = role == ShieldRole::door ? SHIELD_DOOR : SHIELD_GUARDED;
        found.push_back({inode.number, inode.device, static_cast<std::uint32_t>(mark)});
    }
    return found;
}

/// A kernel may take the programs and never ask them: where `bpf` is not among the modules of its `lsm=`. This process is no door of the
/// programs that it has just attached.
Result<> see_it_work(const std::string& root) {
    auto kill = sys::open_at(sys::kHere, root + "/cgroup.kill", O_WRONLY);
    if (!kill && kill.error().errno_value == EPERM) return {};
    return fail(Code::unsupported, "the kernel does not ask BPF programs: boot it with 'bpf' in its lsm= parameter");
}

Result<sys::BpfObject> load_programs() {
    return TRY_WITH(sys::BpfObject::load(shield_object()),
                    "context 0 sees and reaches the processes of servers, and this kernel has no means against it");
}

Result<> put_up(const shield_setup& setup, const std::string& root) {
    auto object = TRY(load_programs());
    auto map = TRY(object.map("setup"));
    TRY(sys::set_element(map, bytes_of(std::uint32_t{0}), bytes_of(setup)));
    TRY(sys::freeze_map(map));
    TRY(object.attach_and_pin(kBpf + "/" + kNext));
    return see_it_work(root);
}

/// The old one goes last, so that there is no moment without.
Result<> replace() {
    auto bpf = TRY(sys::open_dir(sys::kHere, kBpf));
    if (TRY(sys::exists(bpf, kPins))) TRY(sys::rename_at(bpf, kPins, bpf, kLast));
    TRY(sys::rename_at(bpf, kNext, bpf, kPins));
    return remove_pins(kLast);
}

/// Trying to is the question whether it may be changed: the programs themselves answer.
Result<> refuse_while_private() {
    if (!TRY(shield_is_up())) return {};
    auto bpf = TRY(sys::open_dir(sys::kHere, kBpf));
    auto removed = sys::remove_dir(bpf, kPins);  // never empty
    if (removed || removed.error().errno_value != EPERM) return {};
    return fail(Code::busy, "a private server runs: until it has stopped the shield stays as it is");
}

}  // namespace

Result<shield_setup> make_setup(const ShieldedGroups& groups, const std::vector<shield_program>& programs) {
    shield_setup setup{};
    if (groups.root.size() >= SHIELD_NAME || groups.above.size() > SHIELD_ABOVE || programs.size() > SHIELD_PROGRAMS)
        return fail(Code::unsupported, "the control group '{}' is deeper than {} levels, or its name has more than {} characters", groups.root,
                    SHIELD_ABOVE, SHIELD_NAME - 1);
    groups.root.copy(setup.root.text, SHIELD_NAME);
    std::ranges::copy(groups.above, setup.above);
    std::ranges::copy(programs, setup.programs);
    return setup;
}

Result<> raise_shield(const std::vector<ShieldProgram>& programs) {
    auto turn = TRY(take_turn());
    TRY(sys::need_bpf_filesystem(kBpf));
    TRY(refuse_while_private());
    TRY(remove_pins(kNext));
    TRY(remove_pins(kLast));
    const auto root = TRY(group_root());
    TRY(sys::make_dir(sys::kHere, root, 0755, sys::IfExists::keep));
    auto setup = TRY(make_setup(TRY(find_groups(root)), TRY(find_programs(programs))));
    auto up = put_up(setup, root);
    if (up) return replace();
    auto removed = remove_pins(kNext);
    if (!removed) return std::unexpected<Error>(base::with_context(up.error(), "and what was loaded could not be removed"));
    return up;
}

Result<> lower_shield() {
    auto turn = TRY(take_turn());
    TRY(refuse_while_private());
    for (const auto& name : {kNext, kLast, kPins}) TRY(remove_pins(name));
    return {};
}

Result<> try_shield() {
    TRY(load_programs());
    return {};
}

Result<bool> shield_is_up() { return sys::exists(sys::kHere, pin("guard_signal")); }

Result<bool> is_door(const std::string& program) {
    auto map = TRY(sys::open_pinned_map(pin("setup")));
    std::string value(sizeof(shield_setup), '\0');
    TRY(sys::get_element(map, bytes_of(std::uint32_t{0}), value));
    shield_setup setup{};
    std::copy(value.begin(), value.end(), reinterpret_cast<char*>(&setup));
    auto own = TRY(sys::kernel_inode(program));
    return std::ranges::any_of(setup.programs, [&](const shield_program& door) {
        return door.mark == SHIELD_DOOR && door.inode == own.number && door.device == own.device;
    });
}

Result<> set_privacy(model::ServerNumber number, Privacy privacy) {
    const bool up = TRY(shield_is_up());
    if (!up && privacy == Privacy::shared) return {};
    if (!up) return fail(Code::unsupported, "no shield is up: 'vserver shield on'");
    auto map = TRY(sys::open_pinned_map(pin("shield_private")));
    const char flag = privacy == Privacy::private_ ? 1 : 0;
    return sys::set_element(map, bytes_of(number.value), bytes_of(flag));
}

}  // namespace vs::context
