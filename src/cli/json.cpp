#include "cli/json.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "sys/host.hpp"

namespace vs::cli {

namespace {

using json = nlohmann::ordered_json;

/// Bytes of a guest that are not UTF-8 are replaced.
std::string print_document(const json& document) { return document.dump(2, ' ', false, json::error_handler_t::replace) + "\n"; }

template <typename T>
json or_null(const std::optional<T>& value) {
    return value ? json(*value) : json(nullptr);
}

json or_null(const std::string& text) { return text.empty() ? json(nullptr) : json(text); }

template <typename List, typename Make>
json list_of(const List& items, Make make) {
    auto list = json::array();
    for (const auto& item : items) list.push_back(make(item));
    return list;
}

json of_error(const Error& error) { return {{"code", base::code_name(error.code)}, {"message", error.message()}}; }

json of_errors(const std::vector<Error>& errors) { return list_of(errors, of_error); }

std::string_view word(model::NetworkKind kind) {
    switch (kind) {
        case model::NetworkKind::private_: return "private";
        case model::NetworkKind::none: return "none";
        case model::NetworkKind::host: return "host";
        case model::NetworkKind::bind: return "bind";
    }
    return "";
}

std::string_view word(model::NetworkView view) { return view == model::NetworkView::own ? "own" : "host"; }

std::string_view word(model::InitKind kind) {
    switch (kind) {
        case model::InitKind::automatic: return "auto";
        case model::InitKind::guest: return "guest";
        case model::InitKind::services: return "services";
    }
    return "";
}

json of_network(const model::NetworkSettings& network) {
    auto text = [](const auto& value) { return json(value.text()); };
    return {{"kind", word(network.kind)},
            {"addresses", list_of(network.addresses, text)},
            {"ports", list_of(network.ports, text)},
            {"nameservers", list_of(network.nameservers, text)},
            {"uplink", or_null(network.uplink)},
            {"view", network.kind == model::NetworkKind::bind ? json(word(network.view)) : json(nullptr)}};
}

json of_limits(const model::Limits& limits) {
    return {{"memory_bytes", or_null(limits.memory)},
            {"processes", limits.processes == 0 ? json(nullptr) : json(limits.processes)},
            {"network_namespaces", limits.network_namespaces == 0 ? json(nullptr) : json(limits.network_namespaces)},
            {"cpu_weight", or_null(limits.cpu_weight)},
            {"cpu_percent", or_null(limits.cpu_percent)}};
}

json of_run(const server::RunState& run) {
    auto age = server::uptime(run);
    return {{"started", or_null(run.started)},
            {"uptime_seconds", age ? json(age->count()) : json(nullptr)},
            {"init_pid", run.init},
            {"init", run.init_path}};
}

json of_usage(const server::Usage& usage) {
    return {{"memory_bytes", or_null(usage.memory_bytes)},
            {"processes", or_null(usage.processes)},
            {"cpu_microseconds", or_null(usage.cpu_microseconds)}};
}

json of_server(const server::ServerStatus& status) {
    json document = {{"name", status.name.text()}, {"state", server::condition_name(status.condition)}};
    const auto& record = status.record;
    document["context"] = record ? json(record->number.context()) : json(nullptr);
    document["uuid"] = record ? json(record->uuid) : json(nullptr);
    document["image"] = record ? json(record->image) : json(nullptr);
    document["created"] = record ? json(record->created) : json(nullptr);
    document["hostname"] = status.settings ? or_null(status.settings->host_name) : json(nullptr);
    document["network"] = status.settings ? of_network(status.settings->network) : json(nullptr);
    document["limits"] = status.settings ? of_limits(status.settings->limits) : json(nullptr);
    document["run"] = status.run ? of_run(*status.run) : json(nullptr);
    document["usage"] = status.run ? of_usage(status.usage) : json(nullptr);
    document["last_end"] = or_null(status.last_end);
    document["restart"] = or_null(status.restart);
    document["problem"] = or_null(status.problem);
    return document;
}

json of_mount(const model::HostMount& mount) {
    return {{"from", mount.from}, {"to", mount.to}, {"writable", mount.writable}, {"owner", mount.owner.empty() ? "root" : mount.owner}};
}

json of_service(const model::Service& service) {
    return {{"name", service.name}, {"command", service.command}, {"user", service.user}, {"restart", service.restart}};
}

json of_device(const model::OwnDevice& device) {
    auto text = [](const auto& value) { return json(value.text()); };
    return {{"name", device.name}, {"addresses", list_of(device.addresses, text)}, {"gateways", list_of(device.gateways, text)}};
}

json of_ulimits(const std::map<std::string, model::ResourceLimit>& ulimits) {
    auto document = json::object();
    for (const auto& [name, limit] : ulimits) document[name] = {{"soft", or_null(limit.soft)}, {"hard", or_null(limit.hard)}};
    return document;
}

json of_settings(const model::Settings& settings) {
    return {{"image", settings.image},
            {"hostname", or_null(settings.host_name)},
            {"domainname", or_null(settings.domain_name)},
            {"network", of_network(settings.network)},
            {"devices", list_of(settings.devices, of_device)},
            {"init", word(settings.init)},
            {"services", list_of(settings.services, of_service)},
            {"capabilities", settings.capabilities.names()},
            {"mounts", list_of(settings.mounts, of_mount)},
            {"volumes", settings.volumes},
            {"nice", settings.nice},
            {"limits", of_limits(settings.limits)},
            {"ulimits", of_ulimits(settings.ulimits)},
            {"guard", {{"frozen", settings.guard.frozen}, {"growing", settings.guard.growing}, {"ignored", settings.guard.ignored}}},
            {"log", {{"records", settings.log.records}, {"bytes", settings.log.bytes}, {"keep", settings.log.keep}}},
            {"userns", settings.user_namespaces},
            {"private", settings.secluded},
            {"nesting", settings.nesting},
            {"firewall", settings.firewall},
            {"hooks", or_null(settings.hooks)},
            {"stop_timeout_ms", settings.stop_timeout.count()},
            {"hook_timeout_ms", settings.hook_timeout.count()}};
}

json of_image(const ImageUse& use) {
    const auto& image = use.image;
    return {{"id", image.id},           {"kind", image.kind},     {"source", image.source}, {"created", image.created},
            {"os", or_null(image.os_name)}, {"suite", or_null(image.suite)}, {"entries", image.entries}, {"bytes", image.bytes},
            {"notes", image.notes},     {"servers", use.servers}};
}

json of_finding(const server::Finding& finding) {
    return {{"grade", server::grade_name(finding.grade)}, {"subject", finding.subject}, {"text", finding.text}, {"remedy", or_null(finding.remedy)}};
}

json of_examination(const Examination& examination) {
    json document = json::object();
    if (!examination.name.empty()) document["name"] = examination.name;
    document["good"] = examination.good();
    document["findings"] = list_of(examination.findings, of_finding);
    return document;
}

}  // namespace

bool Examination::good() const {
    return std::none_of(findings.begin(), findings.end(), [](const auto& finding) { return finding.grade == server::Grade::bad; });
}

std::string json_error(const Error& error) { return print_document({{"error", of_error(error)}}); }

std::string json_servers(const std::vector<server::ServerStatus>& servers, const std::vector<Error>& errors) {
    return print_document({{"servers", list_of(servers, of_server)}, {"errors", of_errors(errors)}});
}

std::string json_settings(const model::ServerName& name, const model::Settings& settings) {
    return print_document({{"name", name.text()}, {"settings", of_settings(settings)}});
}

std::string json_images(const std::vector<ImageUse>& images, const std::vector<Error>& errors) {
    return print_document({{"images", list_of(images, of_image)}, {"errors", of_errors(errors)}});
}

std::string json_shield(const server::ShieldStatus& status) {
    return print_document({{"shield", status.up}, {"door", status.up ? json(status.is_door) : json(nullptr)}, {"hidden", status.hidden}});
}

std::string json_hiding(const HidingReport& report) {
    auto others = list_of(report.blinded.others, [](const server::BlindProcess& process) {
        return json{{"pid", process.pid}, {"name", process.name}, {"service", process.service}};
    });
    return print_document({{"hidden", report.hidden}, {"services", report.services}, {"waiting", report.blinded.running}, {"blind", others}});
}

std::string json_files(const model::ServerName& name, const std::vector<std::string>& files) {
    return print_document({{"name", name.text()}, {"files", files}});
}

std::string json_findings(const Examination& machine) { return print_document(of_examination(machine)); }

std::string json_findings(const std::vector<Examination>& servers, const std::vector<Error>& errors) {
    return print_document({{"servers", list_of(servers, of_examination)}, {"errors", of_errors(errors)}});
}

}  // namespace vs::cli
