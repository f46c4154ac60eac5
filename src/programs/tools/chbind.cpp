// chbind(8): runs a command that uses only the given addresses of this host.

#include <unistd.h>

#include "programs/tools/tool.hpp"

namespace vs::tools {

namespace {

constexpr Option kOptions[] = {
    {"ip", "IP[/MASK]|DEVICE", "an address of this host, or all of a device; repeatable"},
    {"bcast", "IP", "the broadcast address; else those of the host's devices"},
    {"own-loopback", "", "127.0.0.1 and ::1 are the command's own and nobody else's"},
    {"keep-fds", "", "keep descriptors from 3 up; each socket among them is a grant"},
    {"honest", "", "no boundary, but by anybody's right: for honest programs"},
    {"silent", "", "do not say what it is locked to"},
};

constexpr Tool kTool{
    Kind::runner, "chbind", "[--silent] --ip IP[/MASK]|DEVICE... [--bcast IP] [--own-loopback] [--honest] COMMAND [ARG...]",
    "Run a command that uses only these addresses of this host, as a server and as a\nclient, with all it starts. What binds to any address gets the first of them.\n\n"
    "Root locks by itself. For a user the lock service does it, to what root granted him (vserver-grants.toml(5)).\n"
    "Where that does not run, and with --honest, the command's calls are supervised instead: that makes honest\n"
    "programs use these addresses, and is no boundary for others.\n",
    kOptions};

std::vector<const char*> pointers(const std::vector<std::string>& strings) {
    std::vector<const char*> out;
    for (const auto& string : strings) out.push_back(string.c_str());
    out.push_back(nullptr);
    return out;
}

/// Root without its powers is inside a lock, where only a real one is worth anything.
bool falls_back() { return vserver_address_locker() == VSERVER_LOCKER_NOBODY && ::geteuid() != 0; }

int run(const Line& line) {
    if (line.rest.empty()) return refuse(kTool, Error{Code::usage, 0, "which command? See 'chbind --help'", {}});
    const auto words = line.values("ip");
    const auto broadcast = line.value("bcast");
    const auto ips = pointers(words), command = pointers(line.rest);
    vserver_addresses addresses = VSERVER_INIT_ADDRESSES;
    addresses.addresses = ips.data();
    if (broadcast) addresses.broadcast = broadcast->c_str();
    if (line.has("own-loopback")) addresses.flags |= VSERVER_ADDRESSES_OWN_LOOPBACK;
    if (line.has("keep-fds")) addresses.flags |= VSERVER_ADDRESSES_KEEP_DESCRIPTORS;
    const bool honest = line.has("honest") || falls_back();
    if (honest) addresses.flags |= VSERVER_ADDRESSES_HONEST;
    if (!line.has("silent")) say(kTool, fmt::format("ip address locked to {}", fmt::join(words, " ")));
    if (honest && !line.has("silent")) say(kTool, "for honest programs only, and no boundary: neither root nor the lock service holds it");
    const int status = vserver_run_locked(&addresses, command.data());
    return status < 0 ? refuse(kTool) : status;
}

}  // namespace

}  // namespace vs::tools

int main(int argc, char** argv) { return vs::tools::run_tool(vs::tools::kTool, argc, argv, vs::tools::run); }
