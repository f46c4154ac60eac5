#include "guard/prove.hpp"

#include <fcntl.h>
#include <linux/netlink.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "base/text.hpp"
#include "guard/host_view.hpp"
#include "guard/seal.hpp"
#include "guard/secure_host.hpp"
#include "guard/secure_record.hpp"
#include "guard/secure_rules.hpp"
#include "guard/ways_past.hpp"
#include "server/devices.hpp"
#include "server/log_note.hpp"
#include "server/query.hpp"
#include "storage/digest.hpp"
#include "storage/record.hpp"
#include "sys/process.hpp"
#include "sys/route.hpp"
#include "sys/probe.hpp"
#include "sys/sock_diag.hpp"

namespace vs::guard {

namespace {

constexpr std::chrono::seconds kPatience{10};

bool is_loopback(std::string_view address) { return address.starts_with("127.") || address == "::1"; }

/// A server that runs. What it was set to be is not asked: its settings may be others by now, or lost.
struct Running {
    model::ServerName name;
    server::RunState run;
};

class Prover {
  public:
    Prover(const storage::Store& store, std::string_view wire) : store_(store), wire_(wire) {}

    Result<Proof> run() {
        record_ = TRY(read_secure_record(store_));
        if (!record_) weak("layout", "this machine is not secured: 'vserver secure-host apply NAME'");
        TRY(find_running());
        TRY(find_addresses_of_servers());
        attempt("devices", devices());
        attempt("addresses", addresses());
        attempt("rules", rules());
        if (layout() == Layout::behind_rules) {
            attempt("hooks", "hook", find_early_hooks());
            attempt("neighbours", "neighbour", find_answers_to_neighbours(of_servers_));
        }
        attempt("boot", boot());
        attempt("listeners", listeners());
        attempt("servers", servers());
        attempt("processes", processes());
        attempt("probes", probe_from_servers());
        attempt("wire", wire());
        proof_.when = storage::timestamp();
        proof_.verdict = !proof_.weaknesses.empty() ? Verdict::changed : proof_.unknown.empty() ? Verdict::ok : Verdict::unknown;
        return std::move(proof_);
    }

  private:
    void weak(std::string subject, std::string detail) { proof_.weaknesses.push_back({std::move(subject), std::move(detail)}); }
    void note(const char* what, std::string line) { proof_.evidence[what].push_back(std::move(line)); }
    void attempt(const char* what, const Result<>& done) {
        proof_.evidence[what];
        if (!done) proof_.unknown.push_back({what, done.error().message()});
    }
    void attempt(const char* what, const char* subject, Result<Ways> found) {
        proof_.evidence[what];
        if (!found) return proof_.unknown.push_back({what, found.error().message()});
        for (auto& line : found->seen) note(what, std::move(line));
        for (auto& line : found->past) weak(subject, std::move(line));
    }

    [[nodiscard]] Layout layout() const { return record_ ? record_->layout : Layout::given_away; }
    [[nodiscard]] const model::OwnDevice* recorded(const std::string& device) const {
        if (!record_) return nullptr;
        auto found = std::ranges::find(record_->devices, device, &model::OwnDevice::name);
        return found == record_->devices.end() ? nullptr : &*found;
    }

    Result<> find_addresses_of_servers() {
        for (const auto& network : TRY(server::networks_in_phases({server::Phase::starting, server::Phase::running})))
            if (network.has_cable())
                for (const auto& address : network.addresses) of_servers_.insert(address.text());
        return {};
    }

    Result<> find_running() {
        for (const auto& status : TRY(server::query_all(store_))) {
            if (!status.run || status.run->phase != server::Phase::running) continue;
            if (!status.problem.empty()) proof_.unknown.push_back({"servers", fmt::format("'{}' runs, and what it is to be cannot be read: {}", status.name.text(), status.problem)});
            running_.push_back({status.name, *status.run});
        }
        return {};
    }

    Result<> devices() {
        auto socket = TRY(sys::NetlinkSocket::open(NETLINK_ROUTE));
        auto stray = TRY(stray_devices(socket));
        for (const auto& link : TRY(sys::links(socket))) note("devices", fmt::format("{} ({}, {})", base::escape_control(link.name), link.kind.empty() ? "hardware" : link.kind, link.up ? "up" : "down"));
        for (const auto& link : stray) judge_device(link);
        return layout() == Layout::behind_rules ? Result<>() : whereabouts();
    }

    /// One that was not looked at when the rules were laid may be of a kind that speaks by itself.
    void judge_device(const sys::Link& link) {
        auto name = base::escape_control(link.name);  // what comes back from a server's namespace is called as its root likes
        if (layout() == Layout::given_away) return weak("device", fmt::format("'{}' is in the main environment; 'vserver secure-host catch' takes it out", name));
        if (recorded(link.name) == nullptr || !is_whole(link)) return weak("device", fmt::format("'{}' has come since the rules were laid; 'vserver secure-host undo' and 'apply' look at it", name));
        if (link.master != 0) weak("device", fmt::format("'{}' has become part of another device", name));
    }

    /// Of the devices that the main environment had.
    Result<> whereabouts() {
        auto parked = TRY(server::parked_devices());
        for (const auto& device : record_ ? record_->devices : std::vector<model::OwnDevice>()) {
            bool is_parked = std::ranges::find(parked, device.name) != parked.end();
            if (auto owner = TRY(owner_of(device.name)); !owner.empty()) note("devices", fmt::format("{}: in '{}'", device.name, owner));
            else if (is_parked) note("devices", fmt::format("{}: parked", device.name));
            else proof_.unknown.push_back({"devices", fmt::format("'{}' is neither in its server nor parked", device.name)});
        }
        return {};
    }

    /// The server in whose network it is now, by its number there; not the one that was given it. Empty where it is in none.
    Result<std::string> owner_of(const std::string& device) {
        for (const auto& one : running_) {
            const auto& devices = one.run.network.devices;
            auto found = std::ranges::find(devices, device, &model::OwnDevice::name);
            if (found == devices.end()) continue;
            auto network = TRY(sys::open_at(sys::kHere, fmt::format("/proc/{}/ns/net", one.run.init), O_RDONLY));
            auto socket = TRY(sys::NetlinkSocket::open_in(network, NETLINK_ROUTE));
            auto index = server::device_index(static_cast<std::size_t>(found - devices.begin()));
            if (TRY(sys::device_by_index(socket, index))) return one.name.text();
        }
        return "";
    }

    Result<> addresses() {
        auto socket = TRY(sys::NetlinkSocket::open(NETLINK_ROUTE));
        std::map<std::uint32_t, std::string> names;
        for (const auto& link : TRY(sys::links(socket))) names[link.index] = link.name;
        for (const auto& own : TRY(sys::own_addresses(socket))) {
            note("addresses", fmt::format("{}/{}", own.address, own.prefix));
            if (!is_expected(own, names[own.index])) weak("address", fmt::format("the main environment has {}/{}", own.address, own.prefix));
        }
        return {};
    }

    /// Loopback's; and where the devices stay, what they had, what the kernel gives each, and the gateway of a server on its cable.
    [[nodiscard]] bool is_expected(const sys::OwnAddress& own, const std::string& device) const {
        if (is_loopback(own.address)) return true;
        if (layout() == Layout::given_away) return false;
        const auto* before = recorded(device);
        if (own.address.starts_with("fe80:")) return before != nullptr || device.starts_with("vs-");
        return before != nullptr && std::ranges::any_of(before->addresses, [&](const auto& one) { return one.address.text() == own.address; });
    }

    Result<> rules() {
        const auto& ours = rules_of(layout());
        for (auto [family, wanted] : ours.tables()) {
            auto listed = TRY(list_secure_table(family, Counters::hidden));
            if (listed.empty()) {
                weak("rules", fmt::format("the table '{} vserver_secure' is not loaded", family));
                continue;
            }
            note("rules", std::string(base::trim(TRY(list_secure_table(family, Counters::shown)))));  // with what was counted
            if (listed != wanted) weak("rules", fmt::format("the table '{} vserver_secure' is not as it was loaded; 'vserver secure-host resume' loads it again", family));
        }
        return {};
    }

    Result<> boot() {
        auto file = sys::read_file(sys::kHere, secure_rules_path(store_));
        if (!file || *file != secure_rules(layout())) weak("boot", fmt::format("{} does not have the rules for the next boot", secure_rules_path(store_)));
        else note("boot", fmt::format("{} has the rules", secure_rules_path(store_)));
        if (TRY(sys::exists(sys::kHere, "/run/systemd/system"))) TRY(judge_unit());
        else note("boot", "no systemd here: have them loaded with 'vserver secure-host resume' before the network at each boot");
        return record_ && record_->layout == Layout::given_away ? judge_settings() : Result<>();
    }

    Result<> judge_unit() {
        auto enabled = TRY(sys::run_program({"systemctl", "is-enabled", "vserver-secure-host.service"}, {.input = "", .environment = {}, .limit = kPatience}));
        if (!enabled.status.success()) weak("boot", "vserver-secure-host.service is not enabled");
        else note("boot", "vserver-secure-host.service is enabled");
        return {};
    }

    /// Without its devices the server would leave them to the main environment at its next start.
    Result<> judge_settings() {
        auto server = TRY(server::load_server(store_, record_->server));
        for (const auto& device : record_->devices)
            if (std::ranges::find(server.settings.devices, device.name, &model::OwnDevice::name) == server.settings.devices.end())
                weak("boot", fmt::format("the settings of '{}' do not have the device '{}' any more", record_->server, device.name));
        return {};
    }

    Result<> listeners() {
        const auto sockets = TRY(sys::open_sockets());
        for (const auto& socket : sockets) {
            auto line = fmt::format("{} {}:{} (uid {})", socket.protocol, socket.address, socket.port, socket.uid);
            note("listeners", line);
            if (!is_loopback(socket.address)) weak("listener", line + " would answer on any device");
            if (socket.protocol == "tcp") tcp_ports_.insert(socket.port);
            if (socket.protocol != "raw") ports_.insert(socket.port);
        }
        const auto protocols = TRY(sys::read_file(sys::kHere, "/proc/net/protocols"));
        for (const auto& line : other_protocols(protocols)) weak("listener", "sockets: " + line);
        const auto raw = raw_sockets(protocols), listed = static_cast<std::uint64_t>(std::ranges::count(sockets, "raw", &sys::OpenSocket::protocol));
        if (raw > listed) weak("listener", fmt::format("sockets: {} raw ones that this kernel does not list", raw - listed));
        abstract_ = abstract_names(TRY(sys::read_file(sys::kHere, "/proc/net/unix", std::size_t{16} << 20)));
        for (const auto& name : abstract_) note("listeners", "abstract @" + base::escape_control(name));
        return {};
    }

    Result<> servers() {
        for (const auto& one : running_) {
            note("servers", fmt::format("{}: {}", one.name.text(), print_plan(one.run.network)));
            if (model::uses_host_network(one.run.network.kind)) weak("server", fmt::format("'{}' runs in the main environment's own network", one.name.text()));
        }
        return {};
    }

    Result<> processes() {
        std::set<pid_t> of_servers;
        std::map<std::string, std::string> networks;  // of servers
        for (const auto& one : running_) {
            for (pid_t pid : TRY(processes_of(one.name))) of_servers.insert(pid);
            networks[sys::read_link(sys::kHere, fmt::format("/proc/{}/ns/net", one.run.init)).value_or("")] = one.name.text();
        }
        auto own = TRY(sys::read_link(sys::kHere, "/proc/self/ns/net"));
        networks.erase(own);
        for (const auto& entry : TRY(sys::list_dir(TRY(sys::open_dir(sys::kHere, "/proc"))))) {
            auto pid = base::parse_number(entry);
            if (pid && !of_servers.contains(static_cast<pid_t>(*pid))) TRY(judge_process(entry, own, networks));
        }
        std::set<std::string> known = {own};
        for (const auto& [network, server] : networks) known.insert(network);
        attempt("networks", "network", find_kept_networks(known));
        return {};
    }

    Result<> judge_process(const std::string& pid, const std::string& own, const std::map<std::string, std::string>& networks) {
        auto program = sys::read_link(sys::kHere, fmt::format("/proc/{}/exe", pid));
        auto network = sys::read_link(sys::kHere, fmt::format("/proc/{}/ns/net", pid));
        if (!program || !network) return {};  // a thread of the kernel, or gone
        auto shown = fmt::format("{} {}", pid, base::escape_control(*program));
        note("processes", shown);
        for (const auto& socket : TRY(sys::unusual_sockets(TRY(sys::open_dir(sys::kHere, "/proc")), static_cast<pid_t>(base::parse_number(pid).value_or(0)))))
            weak("listener", fmt::format("{} has a socket past every rule: {}", shown, socket));
        if (*network == own) return {};
        if (auto found = networks.find(*network); found != networks.end()) {
            weak("process", fmt::format("{} of the main environment is in the network of '{}'", shown, found->second));
            return {};
        }
        auto namespace_fd = sys::open_at(sys::kHere, fmt::format("/proc/{}/ns/net", pid), O_RDONLY);
        if (!namespace_fd) return {};
        auto socket = TRY(sys::NetlinkSocket::open_in(*namespace_fd, NETLINK_ROUTE));
        for (const auto& link : TRY(sys::links(socket)))
            if (link.name != "lo") weak("process", fmt::format("{} is in another network that has the device '{}'", shown, base::escape_control(link.name)));
        return {};
    }

    /// What somebody in each server's network gets who tries to reach what listens here.
    Result<> probe_from_servers() {
        for (const auto& one : running_) {
            if (model::uses_host_network(one.run.network.kind)) continue;
            auto name = one.name.text();
            auto network = TRY(sys::open_at(sys::kHere, fmt::format("/proc/{}/ns/net", one.run.init), O_RDONLY));
            std::set<std::uint16_t> its_own;
            for (const auto& socket : TRY(sockets_of(one.run))) its_own.insert(socket.port);
            std::size_t asked = 0, answered = 0;
            for (const auto& abstract : abstract_) {
                ++asked;
                if (!TRY(sys::abstract_answers(network, abstract))) continue;
                ++answered;
                weak("probe", fmt::format("'{}' reaches the abstract socket @{}", name, base::escape_control(abstract)));
            }
            for (auto port : tcp_ports_)
                for (const auto* address : {"127.0.0.1", "::1"}) {
                    if (its_own.contains(port)) continue;
                    ++asked;
                    if (!TRY(sys::tcp_answers(network, address, port))) continue;
                    ++answered;
                    weak("probe", fmt::format("'{}' reaches port {}", name, port));
                }
            if (layout() == Layout::behind_rules) TRY(probe_addresses(name, network, asked, answered));
            note("probes", fmt::format("{}: {} tried, {} answered", name, asked, answered));
        }
        return {};
    }

    /// What the devices that stay have: silence is wanted there, and not only that nobody takes the connection.
    Result<> probe_addresses(const std::string& server, sys::FdRef network, std::size_t& asked, std::size_t& answered) {
        constexpr std::chrono::milliseconds kSilence{300};
        auto probes = TRY(probes_of_main_environment(ports_));
        asked += probes.size();
        for (const auto& probe : TRY(sys::answered(network, probes, kSilence))) {
            ++answered;
            weak("probe", fmt::format("'{}' gets an answer from {}", server, sys::probe_text(probe)));
        }
        return {};
    }

    /// Ports that are open on the wire are a server's, or somebody else answers.
    Result<> wire() {
        if (wire_.empty()) {
            note("wire", "nobody looked; on another machine: nmap -Pn -p- -oG FILE ADDRESS, and then 'prove --wire FILE'");
            return {};
        }
        if (layout() == Layout::behind_rules)
            for (const auto& address : answers_on_wire(wire_, of_servers_)) weak("wire", base::escape_control(address) + " answers, and no server has it");
        std::set<std::string> of_servers;
        for (const auto& one : running_)
            for (const auto& socket : TRY(sockets_of(one.run))) of_servers.insert(fmt::format("{}/{}", socket.port, socket.protocol));
        auto open = open_on_wire(wire_);
        note("wire", fmt::format("{} open", open.size()));
        for (const auto& line : open) {
            note("wire", base::escape_control(line));
            if (!of_servers.contains(line.substr(line.find(' ') + 1))) weak("wire", base::escape_control(line) + " answers, and no server listens there");
        }
        return {};
    }

    const storage::Store& store_;
    std::string_view wire_;
    std::optional<SecureRecord> record_;
    std::vector<Running> running_;
    std::set<std::string> of_servers_;  ///< addresses on cables
    std::set<std::uint16_t> tcp_ports_, ports_;
    std::vector<std::string> abstract_;
    Proof proof_;
};

/// Whose logs it is told: of the server that has the network, or of each that has its service through the rules.
Result<std::vector<model::ServerName>> witnesses_of(const storage::Store& store, const SecureRecord& record) {
    if (record.layout == Layout::given_away) return std::vector{TRY(model::ServerName::parse(record.server))};
    std::vector<model::ServerName> names;
    for (const auto& status : TRY(server::query_all(store)))
        if (status.run && status.run->phase == server::Phase::running && status.run->network.has_cable()) names.push_back(status.name);
    return names;
}

}  // namespace

Result<Proof> prove_secure_host(const storage::Store& store, std::string_view wire) { return Prover(store, wire).run(); }

Result<> sign_proof(const storage::Store& store, const Proof& proof, const std::string& document) {
    auto record = TRY(read_secure_record(store));
    auto sealed = TRY(Seal::open(store)).sign("proof", document);
    auto dir = TRY(sys::open_dir(sys::kHere, store.path() + "/guard"));
    TRY(sys::replace_file(dir, "proof", sealed, 0600, sys::Durability::synced));
    if (!record) return {};
    for (const auto& name : TRY(witnesses_of(store, *record))) TRY(server::note_in_log(name, proof_note(proof, storage::sha256_hex(sealed))));
    return {};
}

}  // namespace vs::guard
