#include "cli/build_plan.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "model/settings_check.hpp"

namespace vs::cli {

namespace {

using model::InitKind;
using model::NetworkKind;

template <typename T>
struct Word {
    std::string_view text;
    T value;
};
constexpr std::array kNetworkKinds = {Word<NetworkKind>{"private", NetworkKind::private_}, Word<NetworkKind>{"none", NetworkKind::none},
                                      Word<NetworkKind>{"host", NetworkKind::host}, Word<NetworkKind>{"bind", NetworkKind::bind}};
constexpr std::array kInitKinds = {Word<InitKind>{"auto", InitKind::automatic}, Word<InitKind>{"guest", InitKind::guest},
                                   Word<InitKind>{"services", InitKind::services}};

std::unexpected<Error> wrong(Opt id, const std::string& value) {
    return fail(Code::usage, "--{}: '{}' is not what it takes: {}", option(id).name, value, option(id).help);
}

/// Leaves `target` as it is where the option is not there.
template <typename T, std::size_t N>
Result<> read_word(const Invocation& line, Opt id, const std::array<Word<T>, N>& words, T& target) {
    if (!line.has(id)) return {};
    auto text = line.value(id);
    auto found = std::find_if(words.begin(), words.end(), [&](const auto& word) { return word.text == text; });
    if (found == words.end()) return wrong(id, text);
    target = found->value;
    return {};
}

template <typename T>
Result<std::vector<T>> parse_each(const Invocation& line, Opt id) {
    std::vector<T> parsed;
    for (const auto& text : line.values(id)) parsed.push_back(TRY_WITH(T::parse(text), "--{}", option(id).name));
    return parsed;
}

/// '_' is good in a name and not in a host name.
std::string usual_host_name(const model::ServerName& name) {
    auto text = name.text();
    std::replace(text.begin(), text.end(), '_', '-');
    text.erase(text.find_last_not_of('-') + 1);
    return text;
}

Result<model::NetworkSettings> read_network(const Invocation& line) {
    model::NetworkSettings network;
    TRY(read_word(line, Opt::network, kNetworkKinds, network.kind));
    network.addresses = TRY(parse_each<model::IpAddress>(line, Opt::address));
    network.nameservers = TRY(parse_each<model::IpAddress>(line, Opt::nameserver));
    network.ports = TRY(parse_each<model::PortRedirect>(line, Opt::port));
    bool addressed = network.kind == NetworkKind::private_ || network.kind == NetworkKind::bind;
    if (addressed && network.addresses.empty())
        return fail(Code::usage, "a server needs an address of its own: say --address ADDRESS, or --network none");
    return network;
}

Result<model::Limits> read_limits(const Invocation& line) {
    model::Limits limits;
    if (line.has(Opt::memory)) {
        limits.memory = base::parse_size(line.value(Opt::memory));
        if (!limits.memory) return wrong(Opt::memory, line.value(Opt::memory));
    }
    if (line.has(Opt::processes)) {
        auto count = base::parse_number(line.value(Opt::processes));
        if (!count) return wrong(Opt::processes, line.value(Opt::processes));
        limits.processes = *count;
    }
    return limits;
}

/// What no value says alone. An image that is still to be made counts as one.
Result<> check_whole(model::Settings settings) {
    if (settings.image.empty()) settings.image = "new";
    if (auto found = model::check_settings(settings)) return fail(Code::usage, "these options do not go together: {}: {}", found->path, found->message);
    return {};
}

Result<model::Settings> read_settings(const Invocation& line) {
    model::Settings settings;
    settings.image = line.value(Opt::image);
    settings.host_name = line.has(Opt::hostname) ? line.value(Opt::hostname) : usual_host_name(line.names[0]);
    settings.domain_name = line.value(Opt::domain);
    settings.network = TRY(read_network(line));
    settings.limits = TRY(read_limits(line));
    TRY(read_word(line, Opt::init, kInitKinds, settings.init));
    TRY(check_whole(settings));
    return settings;
}

std::vector<std::string> read_packages(const Invocation& line) {
    std::vector<std::string> packages;
    for (const auto& list : line.values(Opt::packages))
        for (auto name : base::split(list, ',')) packages.emplace_back(base::trim(name));
    return packages;
}

}  // namespace

Result<BuildPlan> plan_build(const Invocation& line) {
    bool from = line.has(Opt::from), image = line.has(Opt::image);
    if (from == image) return fail(Code::usage, "say what to build it from: --from host, --from debian, --from FILE.tar, or --image ID");
    if (image && line.has(Opt::packages)) return fail(Code::usage, "--packages needs --from: an image is as it is");
    auto settings = TRY(read_settings(line));
    BuildPlan plan{line.names[0], std::move(settings), std::nullopt, line.value(Opt::from)};
    if (from) plan.source = TRY_WITH(storage::parse_source(plan.from, read_packages(line)), "--from");
    return plan;
}

}  // namespace vs::cli
