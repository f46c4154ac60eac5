// secure-host

#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/output.hpp"
#include "guard/prove.hpp"
#include "guard/secure_host.hpp"
#include "sys/file.hpp"

namespace vs::cli {

namespace {

using json = nlohmann::ordered_json;

std::string document(const json& value) { return value.dump(2, ' ', false, json::error_handler_t::replace) + "\n"; }

template <typename Values>
json texts(const Values& values) {
    auto list = json::array();
    for (const auto& value : values) list.push_back(value.text());
    return list;
}

json of_plan(const guard::SecurePlan& plan) {
    json root = {{"server", plan.server ? json(plan.server->text()) : json()}, {"devices", json::array()}, {"notes", plan.notes}, {"refusals", plan.refusals}};
    for (const auto& device : plan.devices)
        root["devices"].push_back({{"name", device.name}, {"addresses", texts(device.addresses)}, {"gateways", texts(device.gateways)}});
    return root;
}

/// What becomes of a device, and of who used it.
std::string plan_text(const guard::SecurePlan& plan) {
    std::string text;
    auto fate = plan.server ? fmt::format("goes to '{}'", plan.server->text()) : std::string("stays, behind rules");
    for (const auto& device : plan.devices) {
        text += fmt::format("{} {}", device.name, fate);
        for (const auto& address : device.addresses) text += ", " + address.text();
        for (const auto& gateway : device.gateways) text += ", by " + gateway.text();
        text += "\n";
    }
    if (plan.server) text += fmt::format("the main environment keeps loopback, behind rules that drop the rest\n'{}' is stopped where it runs, and started\n", plan.server->text());
    else text += "servers go on; the main environment neither answers nor asks, but for its neighbours on the way to servers\n";
    for (const auto& note : plan.notes) text += "note: " + note + "\n";
    for (const auto& refusal : plan.refusals) text += "refused: " + refusal + "\n";
    return text;
}

json of_proof(const guard::Proof& proof) {
    auto weaknesses = json::array(), unknown = json::array();
    for (const auto& weakness : proof.weaknesses) weaknesses.push_back({{"subject", weakness.subject}, {"detail", weakness.detail}});
    for (const auto& item : proof.unknown) unknown.push_back({{"subject", item.path}, {"reason", item.reason}});
    return {{"verdict", guard::proof_name(proof.verdict)}, {"when", proof.when}, {"weaknesses", weaknesses}, {"unknown", unknown}, {"evidence", proof.evidence}};
}

std::string proof_text(const guard::Proof& proof) {
    auto text = fmt::format("{} at {}\n", guard::proof_name(proof.verdict), proof.when);
    for (const auto& weakness : proof.weaknesses) text += fmt::format("  weakness  {}: {}\n", weakness.subject, weakness.detail);
    for (const auto& item : proof.unknown) text += fmt::format("  unknown   {}: {}\n", item.path, base::escape_control(item.reason));
    for (const auto& [what, lines] : proof.evidence) {
        text += fmt::format("{}: {}\n", what, lines.empty() ? "none" : "");
        for (const auto& line : lines) text += fmt::format("  {}\n", line);
    }
    return text;
}

Result<guard::SecurePlan> plan_for(const storage::Store& store, const Invocation& line) {
    auto console = line.has(Opt::console) ? guard::Console::asserted : guard::Console::unknown;
    bool has_name = line.arguments.size() == 2;
    if (line.has(Opt::behind_rules)) return has_name ? fail(Code::usage, "--behind-rules gives the devices to no server: leave '{}' out", line.arguments[1]) : guard::plan_behind_rules(store, console);
    if (!has_name) return fail(Code::usage, "say which server gets the devices: vserver secure-host {0} NAME; or that they stay: vserver secure-host {0} --behind-rules", line.arguments[0]);
    return guard::plan_giving_away(TRY(server::load_server(store, line.arguments[1])), console);
}

Result<int> plan(const storage::Store& store, const Invocation& line) {
    auto made = TRY(plan_for(store, line));
    print(line.has(Opt::json) ? document(of_plan(made)) : plan_text(made));
    return made.refusals.empty() ? 0 : base::exit_status(Code::denied);
}

Result<int> apply(const storage::Store& store, const Invocation& line) {
    auto made = TRY(plan_for(store, line));
    TRY_WITH(guard::apply_secure_host(store, made), "cannot secure this machine");
    auto who = made.server ? fmt::format("'{}' has", made.server->text()) : std::string("servers alone have");
    print(fmt::format("secured: {} the network; 'vserver secure-host prove' shows it\n", who));
    return 0;
}

Result<int> prove(const storage::Store& store, const Invocation& line) {
    constexpr std::size_t kLargestReport = 16 << 20;
    auto wire = line.has(Opt::wire) ? TRY(sys::read_file(sys::kHere, line.value(Opt::wire), kLargestReport)) : std::string();
    auto proof = TRY(guard::prove_secure_host(store, wire));
    auto written = document(of_proof(proof));
    TRY(guard::sign_proof(store, proof, written));
    print(line.has(Opt::json) ? written : proof_text(proof));
    return guard::verdict_status(proof.verdict);
}

Result<int> catch_devices(const storage::Store& store) {
    for (const auto& name : TRY(guard::catch_devices(store))) print(fmt::format("'{}' is taken out of the main environment\n", base::escape_control(name)));
    return 0;
}

Result<int> undo(const storage::Store& store) {
    for (const auto& refused : TRY_WITH(guard::undo_secure_host(store), "cannot undo")) print(fmt::format("note: {}\n", refused));
    print("undone: the main environment has its network again\n");
    return 0;
}

}  // namespace

Result<int> secure_host(const Invocation& line) {
    auto store = TRY(storage::Store::open());
    const auto& what = line.arguments[0];
    if (what == "plan") return plan(store, line);
    if (what == "apply") return apply(store, line);
    if (line.arguments.size() > 1) return fail(Code::usage, "'{}' is too much: vserver secure-host {}", line.arguments[1], line.verb->arguments);
    if (what == "undo") return undo(store);
    if (what == "prove") return prove(store, line);
    if (what == "catch") return catch_devices(store);
    if (what != "resume") return fail(Code::usage, "unexpected '{}': vserver secure-host {}", what, line.verb->arguments);
    TRY(guard::resume_secure_host(store));
    return 0;
}

}  // namespace vs::cli
