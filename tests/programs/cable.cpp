// cable: the network of a server, on a network namespace instead of a server.
//
//     cable up PID NUMBER GENERATION [address=A]... [port=P]... [uplink=D]   connect the namespace of PID; prints the plan
//     cable down PLAN                                                        take it down again
//     cable restore PLAN...                                                  what a flushed firewall lacks
//     cable check NUMBER address=A...                                        one line per address that is in use
//     cable time NUMBER ROUNDS address=A...          microseconds of plan, prepare, bring_up, guest's part, take_down
//     cable findings PLAN...                                                 what doctor would say of these

#include <sched.h>

#include <chrono>
#include <cstdio>
#include <map>

#include "base/text.hpp"
#include "server/network.hpp"
#include "sys/clone.hpp"
#include "sys/file.hpp"
#include "sys/process.hpp"

namespace {

using namespace vs;
using Arguments = std::vector<std::string>;

Result<std::uint32_t> number(const std::string& text) {
    auto value = base::parse_number(text);
    if (!value || *value > ~0U) return fail(Code::usage, "'{}' is not a number", text);
    return static_cast<std::uint32_t>(*value);
}

Result<model::NetworkSettings> settings(const Arguments& arguments, std::size_t first) {
    model::NetworkSettings found;
    for (std::size_t i = first; i < arguments.size(); ++i) {
        auto parts = base::split(arguments[i], '=');
        std::string value(parts.back());
        if (parts.front() == "address") found.addresses.push_back(TRY(model::IpAddress::parse(value)));
        else if (parts.front() == "port") found.ports.push_back(TRY(model::PortRedirect::parse(value)));
        else if (parts.front() == "uplink") found.uplink = value;
        else return fail(Code::usage, "'{}' is not understood", arguments[i]);
    }
    return found;
}

Result<server::NetworkPlan> plan(server::HostNetwork& host, const model::NetworkSettings& wanted, std::uint32_t server,
                                 std::uint32_t generation) {
    return server::plan_network(wanted, model::ServerNumber{server}, generation, TRY(host.facts(wanted)));
}

/// Our own network namespace and that of a process.
struct Namespaces {
    sys::NamespaceFd ours, guest;
};
Result<Namespaces> namespaces(const std::string& pid) {
    auto open = [](const std::string& process) -> Result<sys::NamespaceFd> {
        return sys::NamespaceFd(TRY(sys::open_at(sys::kHere, "/proc/" + process + "/ns/net", 0)).release());
    };
    return Namespaces{TRY(open("self")), TRY(open(pid))};
}

Result<> in_guest(const Namespaces& both, const std::vector<char>& row) {
    TRY(sys::join(both.guest, CLONE_NEWNET));
    int error = sys::raw::send_route_row(row.data(), row.size());
    TRY(sys::join(both.ours, CLONE_NEWNET));
    if (error != 0) return fail(Code::failed, "the guest's part: errno {}", -error);
    return {};
}

Result<> up(const Arguments& arguments) {
    if (arguments.size() < 3) return fail(Code::usage, "up PID NUMBER GENERATION ...");
    auto host = TRY(server::HostNetwork::open());
    auto made = TRY(plan(host, TRY(settings(arguments, 3)), TRY(number(arguments[1])), TRY(number(arguments[2]))));
    auto both = TRY(namespaces(arguments[0]));
    TRY(host.prepare(made));
    auto done = host.bring_up(made, both.guest);
    if (done) done = in_guest(both, server::guest_row(made));
    if (!done) TRY(host.take_down(made));
    if (done) std::puts(server::print_plan(made).c_str());
    return done;
}

Result<> down(const Arguments& arguments) {
    if (arguments.size() != 1) return fail(Code::usage, "down PLAN");
    return TRY(server::HostNetwork::open()).take_down(TRY(server::parse_plan(arguments[0])));
}

Result<> check(const Arguments& arguments) {
    if (arguments.empty()) return fail(Code::usage, "check NUMBER ...");
    auto host = TRY(server::HostNetwork::open());
    auto made = TRY(plan(host, TRY(settings(arguments, 1)), TRY(number(arguments[0])), 1));
    for (const auto& conflict : TRY(host.addresses_in_use(made)))
        std::printf("%s %s %u\n", conflict.address.text().c_str(), conflict.device.c_str(), conflict.context.value_or(0));
    return {};
}

/// Every round has a fresh namespace, as a start has.
Result<> time_rounds(const Arguments& arguments) {
    if (arguments.size() < 2) return fail(Code::usage, "time NUMBER ROUNDS ...");
    auto both = TRY(namespaces("self"));
    auto wanted = TRY(settings(arguments, 2));
    auto rounds = TRY(number(arguments[1]));
    for (std::uint32_t round = 0; round < rounds; ++round) {
        TRY(sys::unshare(CLONE_NEWNET));
        both.guest = std::move(TRY(namespaces("self")).ours);
        TRY(sys::join(both.ours, CLONE_NEWNET));
        using Clock = std::chrono::steady_clock;
        std::array<Clock::time_point, 6> at;
        at[0] = Clock::now();
        auto host = TRY(server::HostNetwork::open());
        auto made = TRY(plan(host, wanted, TRY(number(arguments[0])), round));
        at[1] = Clock::now();
        TRY(host.prepare(made));
        at[2] = Clock::now();
        TRY(host.bring_up(made, both.guest));
        at[3] = Clock::now();
        TRY(in_guest(both, server::guest_row(made)));
        at[4] = Clock::now();
        TRY(host.take_down(made));
        at[5] = Clock::now();
        for (std::size_t i = 1; i < at.size(); ++i)
            std::printf("%lld%c", static_cast<long long>((at[i] - at[i - 1]).count() / 1000), i + 1 == at.size() ? '\n' : ' ');
    }
    return {};
}

Result<std::vector<server::NetworkPlan>> plans(const Arguments& arguments) {
    std::vector<server::NetworkPlan> plans;
    for (const auto& text : arguments) plans.push_back(TRY(server::parse_plan(text)));
    return plans;
}

Result<> restore(const Arguments& arguments) { return TRY(server::HostNetwork::open()).restore_rules(TRY(plans(arguments))); }

Result<> findings(const Arguments& arguments) {
    for (const auto& finding : TRY(server::examine_network(TRY(plans(arguments)))))
        std::printf("%s\n%s\n", finding.problem.c_str(), finding.remedy.c_str());
    return {};
}

Result<> run(Arguments arguments) {
    const std::map<std::string, Result<> (*)(const Arguments&)> verbs = {
        {"up", up}, {"down", down}, {"restore", restore}, {"check", check}, {"time", time_rounds}, {"findings", findings}};
    auto verb = arguments.empty() ? verbs.end() : verbs.find(arguments.front());
    if (verb == verbs.end()) return fail(Code::usage, "usage: cable up|down|restore|check|time|findings ...");
    arguments.erase(arguments.begin());
    return verb->second(arguments);
}

}  // namespace

int main(int argc, char** argv) {
    auto done = run(Arguments(argv + 1, argv + argc));
    if (done) return 0;
    std::fprintf(stderr, "cable: %s\n", done.error().message().c_str());
    return base::exit_status(done.error().code);
}
