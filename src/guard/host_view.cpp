#include "guard/host_view.hpp"

#include "server/cgroups.hpp"
#include "server/life.hpp"
#include "sys/file.hpp"

namespace vs::guard {

namespace {

/// Without a network of its own the server's sockets are told by their owner.
std::vector<sys::OpenSocket> only_of(std::vector<sys::OpenSocket> sockets, const model::ServerNumber& number) {
    constexpr std::uint32_t kIds = 65536;
    std::erase_if(sockets, [&](const auto& socket) { return socket.uid < number.first_id() || socket.uid >= number.first_id() + kIds; });
    return sockets;
}

Result<> add_task(const sys::TaskText& task, Testimony& testimony) {
    auto pid = std::to_string(task.pid);
    TRY(testimony.add(Piece::task, pid, task.status));
    TRY(testimony.add(Piece::program, pid, task.program));
    if (task.is_whole && testimony.has_room_for(task.maps.size())) return testimony.add(Piece::maps, pid, task.maps);
    return testimony.add(Piece::silent, fmt::format("host pid {}", pid), "it has more mappings, or a longer path, than is looked at");
}

}  // namespace

Result<std::optional<server::RunState>> running_state(const model::ServerName& name) {
    auto run = TRY(server::RunDir::open(name));
    auto state = TRY(run.read());
    if (!state || state->phase != server::Phase::running) return std::nullopt;
    if (!TRY(server::init_lives(TRY(server::CgroupHost::open()), name, *state))) return std::nullopt;
    return state;
}

Result<std::vector<pid_t>> processes_of(const model::ServerName& name) {
    return server::all_processes(TRY(server::CgroupHost::open()), name.text());
}

Result<std::vector<sys::OpenSocket>> sockets_of(const server::RunState& run) {
    if (run.network.kind == model::NetworkKind::host) return only_of(TRY(sys::open_sockets()), run.number);
    return sys::open_sockets_of(TRY(sys::open_pidfd(run.init)));
}

Result<> look_from_host(const model::ServerName& name, const server::RunState& run, Testimony& testimony) {
    auto proc = TRY(sys::open_dir(sys::kHere, "/proc"));
    for (pid_t pid : TRY(processes_of(name))) {
        auto task = TRY(sys::read_task(proc, pid));
        TRY(task ? add_task(*task, testimony) : testimony.add(Piece::vanished, std::to_string(pid), ""));
    }
    for (const auto& socket : TRY(sockets_of(run)))
        TRY(testimony.add(Piece::socket, "", fmt::format("{} {} {} {}", socket.protocol, socket.port, socket.address, socket.uid)));
    constexpr std::size_t kLargestTable = 64 << 20;
    return testimony.add(Piece::mounts, "", TRY(sys::read_file(proc, fmt::format("{}/mountinfo", run.init), kLargestTable)));
}

Result<> look_once_more(const model::ServerName& name, const server::RunState& run, Testimony& testimony) {
    TRY(testimony.add(Piece::alive, "", fmt::format("{}\n", fmt::join(TRY(processes_of(name)), "\n"))));
    for (const auto& socket : TRY(sockets_of(run))) TRY(testimony.add(Piece::open, port_of(socket), ""));
    return {};
}

}  // namespace vs::guard
