#include <nlohmann/json.hpp>

#include <algorithm>

#include "server/network.hpp"

namespace vs::server {

using model::Family;
using model::IpAddress;
using model::NetworkKind;

namespace {

// The guest's way out. They exist on the cable only: the neighbour entries are permanent, so nothing asks for them.
constexpr std::string_view kGateway4{"\xa9\xfe\x01\x01", 4};                                                // 169.254.1.1
constexpr std::string_view kGateway6{"\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\x01", 16};                         // fe80::1
constexpr std::string_view kGuestLink6{"\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\x02", 16};                       // fe80::2
constexpr std::string_view kAnywhere{"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16};
constexpr std::uint32_t kLoopbackIndex = 1;

constexpr std::uint32_t kFirstIndex = 0x40000000;
constexpr std::uint32_t kGenerations = 65536;  ///< times 4,096 servers: 28 bits below the sign
constexpr std::uint32_t kNamedGenerations = 10'000'000;  ///< seven digits fit into the name

std::uint8_t whole(std::string_view address) { return static_cast<std::uint8_t>(address.size() * 8); }

/// Locally administered; 'v', 's', the side, the number: the same at every start.
sys::MacAddress mac_of(model::ServerNumber number, unsigned char side) {
    return {0x02, 'v', 's', side, static_cast<unsigned char>(number.value >> 8), static_cast<unsigned char>(number.value & 0xff)};
}

/// The guest's side of one address family.
struct GuestFamily {
    const NetworkPlan& plan;
    Family family;
    std::string_view gateway;
    std::uint32_t headers;  ///< IP and TCP, which a segment does not count

    void add_routes(sys::MessageRow& row) const {
        const auto* source = plan.first(family);
        const auto& uplink = plan.uplink(family);
        sys::add_permanent_neighbour(row, {gateway, kGuestIndex, plan.host_mac()});
        // The host itself is reached at the cable's size, everything behind it at the wire's: the size of the packets, not
        // the cable, is what costs bandwidth.
        if (uplink)
            for (const auto& address : uplink->addresses)
                sys::add_route(row, {address.bytes(), whole(address.bytes()), kGuestIndex, gateway, source->bytes(), 0, 0});
        auto mtu = uplink ? uplink->mtu : 0;
        auto advmss = uplink ? uplink->mtu - headers : 0;
        auto anywhere = kAnywhere.substr(0, gateway.size());
        sys::add_route(row, {anywhere, 0, kGuestIndex, gateway, source->bytes(), mtu, advmss});
    }
};

void set_up_cable(sys::MessageRow& row, const NetworkPlan& plan) {
    if (plan.ipv6) sys::forbid_automatic_addresses(row, kGuestIndex);
    if (plan.first(Family::ipv6) != nullptr) sys::add_address(row, {kGuestLink6, 64, kGuestIndex});
    for (const auto& address : plan.addresses) sys::add_address(row, {address.bytes(), whole(address.bytes()), kGuestIndex});
    sys::set_up(row, kGuestIndex, sys::Arp::on);
    if (plan.first(Family::ipv4) != nullptr) GuestFamily{plan, Family::ipv4, kGateway4, 40}.add_routes(row);
    if (plan.first(Family::ipv6) != nullptr) GuestFamily{plan, Family::ipv6, kGateway6, 60}.add_routes(row);
}

Result<> check_port(const NetworkPlan& plan, const model::PortRedirect& port) {
    if (plan.addresses.empty()) return fail(Code::usage, "port {}: the server has no address", port.text());
    if (port.any_host_address || plan.first(port.host_address.family()) != nullptr) return {};
    return fail(Code::usage, "port {}: the server has no address of this family", port.text());
}

Result<> plan_aliases(NetworkPlan& plan, const HostNetworkFacts& facts) {
    for (const auto& address : plan.addresses) {
        if (std::ranges::find(facts.own, address) != facts.own.end()) continue;
        if (!plan.uplink(address.family()))
            return fail(Code::usage, "address {}: no default route says which device it belongs to: say uplink = \"DEVICE\"", address.text());
        plan.aliases.push_back(address);
    }
    return {};
}

constexpr std::pair<NetworkKind, std::string_view> kKinds[] = {
    {NetworkKind::private_, "private"}, {NetworkKind::none, "none"}, {NetworkKind::host, "host"}, {NetworkKind::bind, "bind"}};

template <typename Address>
nlohmann::json as_json(const std::vector<Address>& addresses) {
    auto list = nlohmann::json::array();
    for (const auto& address : addresses) list.push_back(address.text());
    return list;
}

nlohmann::json as_json(const std::optional<Uplink>& uplink) {
    if (!uplink) return nullptr;
    return {{"device", uplink->device}, {"index", uplink->index}, {"mtu", uplink->mtu}, {"addresses", as_json(uplink->addresses)}};
}

/// Reads the text that print_plan wrote. Whatever else it is given is an error and not a plan with something of it missing: that one
/// would take down another server's network, or leave its own.
class PlanReader {
  public:
    explicit PlanReader(std::string_view text) : root_(Json::parse(text, nullptr, false)) {}

    Result<NetworkPlan> read() {
        if (!root_.is_object()) return fail(Code::failed, "the recorded network plan is not an object");
        NetworkPlan plan;
        plan.kind = TRY(kind());
        plan.number.value = TRY(number(root_, "number"));
        if (plan.number.value > model::ServerNumber::kMost) return wrong("number");
        plan.generation = TRY(number(root_, "generation"));
        const auto ipv6 = member(root_, "ipv6");
        if (!ipv6.is_boolean()) return wrong("ipv6");
        plan.ipv6 = ipv6.get<bool>();
        plan.addresses = TRY(values<IpAddress>(root_, "addresses"));
        plan.aliases = TRY(values<IpAddress>(root_, "aliases"));
        plan.view = TRY(view());
        plan.ports = TRY(values<model::PortRedirect>(root_, "ports"));
        for (const auto& item : TRY(list(root_, "uplinks"))) plan.uplinks.push_back(TRY(text(item, "uplinks")));
        for (const auto& item : TRY(list(root_, "devices"))) plan.devices.push_back(TRY(device(item)));
        plan.uplink4 = TRY(uplink("uplink4"));
        plan.uplink6 = TRY(uplink("uplink6"));
        return plan;
    }

  private:
    using Json = nlohmann::json;

    static std::unexpected<Error> wrong(const char* key) { return fail(Code::failed, "the recorded network plan has no proper '{}'", key); }
    static Json member(const Json& object, const char* key) { return object.value(key, Json()); }
    /// Without the member it is empty: what an older program did not know, it did not use.
    static Result<Json> list(const Json& object, const char* key) {
        auto value = member(object, key);
        if (value.is_null()) return Json::array();
        if (!value.is_array()) return wrong(key);
        return value;
    }
    static Result<std::string> text(const Json& value, const char* key) {
        if (!value.is_string()) return wrong(key);
        return value.get<std::string>();
    }
    static Result<std::uint32_t> number(const Json& object, const char* key) {
        const auto value = member(object, key);
        if (!value.is_number_unsigned() || value.get<std::uint64_t>() > ~std::uint32_t{0}) return wrong(key);
        return value.get<std::uint32_t>();
    }
    template <typename Value>
    static Result<std::vector<Value>> values(const Json& object, const char* key) {
        std::vector<Value> found;
        for (const auto& item : TRY(list(object, key))) found.push_back(TRY(Value::parse(TRY(text(item, key)))));
        return found;
    }
    static Result<model::OwnDevice> device(const Json& item) {
        if (!item.is_object()) return wrong("devices");
        auto name = TRY(text(member(item, "name"), "name"));
        auto addresses = TRY(values<model::NetworkAddress>(item, "addresses"));
        auto gateways = TRY(values<IpAddress>(item, "gateways"));
        return model::OwnDevice{std::move(name), std::move(addresses), std::move(gateways)};
    }
    Result<NetworkKind> kind() {
        const auto named = TRY(text(member(root_, "kind"), "kind"));
        for (const auto& [value, name] : kKinds)
            if (name == named) return value;
        return wrong("kind");
    }
    /// Without the member it is the host's: what runs since before there was a choice.
    Result<model::NetworkView> view() {
        const auto value = member(root_, "view");
        if (!value.is_null() && value != "own") return wrong("view");
        return value.is_null() ? model::NetworkView::host : model::NetworkView::own;
    }
    Result<std::optional<Uplink>> uplink(const char* key) {
        const auto object = member(root_, key);
        if (object.is_null()) return std::optional<Uplink>();
        if (!object.is_object()) return wrong(key);
        auto name = TRY(text(member(object, "device"), "device"));
        const auto index = TRY(number(object, "index")), mtu = TRY(number(object, "mtu"));
        auto addresses = TRY(values<IpAddress>(object, "addresses"));
        return std::optional(Uplink{std::move(name), index, mtu, std::move(addresses)});
    }

    Json root_;
};

}  // namespace

bool NetworkPlan::has_cable() const { return kind == NetworkKind::private_ && !addresses.empty(); }

const IpAddress* NetworkPlan::first(Family family) const {
    for (const auto& address : addresses)
        if (address.family() == family) return &address;
    return nullptr;
}

const std::optional<Uplink>& NetworkPlan::uplink(Family family) const { return family == Family::ipv4 ? uplink4 : uplink6; }

std::string NetworkPlan::host_device() const {
    return fmt::format("vs-{}-{}", number.context(), generation % kNamedGenerations);
}

std::uint32_t NetworkPlan::host_index() const {
    return kFirstIndex + (generation % kGenerations) * (model::ServerNumber::kMost + 1) + number.value;
}

sys::MacAddress NetworkPlan::host_mac() const { return mac_of(number, 1); }
sys::MacAddress NetworkPlan::guest_mac() const { return mac_of(number, 2); }

Result<NetworkPlan> plan_network(const model::NetworkSettings& settings, model::ServerNumber number, std::uint32_t generation,
                                 const HostNetworkFacts& facts) {
    NetworkPlan plan;
    plan.kind = settings.kind;
    plan.number = number;
    plan.generation = generation;
    plan.ipv6 = facts.ipv6;
    if (settings.kind != NetworkKind::private_ && settings.kind != NetworkKind::bind) return plan;
    plan.addresses = settings.addresses;
    plan.ports = settings.ports;
    plan.uplinks = facts.uplinks;
    if (plan.first(Family::ipv4) != nullptr) plan.uplink4 = facts.uplink4;
    if (plan.first(Family::ipv6) != nullptr) plan.uplink6 = facts.uplink6;
    for (const auto& port : plan.ports) TRY(check_port(plan, port));
    if (const auto* address = plan.first(Family::ipv6); address != nullptr && !facts.ipv6)
        return fail(Code::unsupported, "address {}: this kernel runs without IPv6", address->text());
    if (settings.kind == NetworkKind::bind) TRY(plan_aliases(plan, facts));
    if (settings.kind == NetworkKind::bind) plan.view = settings.view;
    return plan;
}

void set_up_device(sys::MessageRow& row, const model::OwnDevice& device, std::uint32_t index) {
    if (device.addresses.empty()) return;
    for (const auto& own : device.addresses) sys::add_address(row, {own.address.bytes(), own.prefix, index});
    sys::set_up(row, index, sys::Arp::on);
    for (const auto& gateway : device.gateways)
        sys::add_route(row, {kAnywhere.substr(0, gateway.bytes().size()), 0, index, gateway.bytes(), "", 0, 0});
}

std::vector<char> guest_row(const NetworkPlan& plan) {
    if (model::uses_host_network(plan.kind)) return {};
    sys::MessageRow row;
    sys::set_up(row, kLoopbackIndex, sys::Arp::on);
    if (plan.has_cable()) set_up_cable(row, plan);
    for (std::size_t i = 0; i < plan.devices.size(); ++i) set_up_device(row, plan.devices[i], device_index(i));
    return row.finish();
}

std::string print_plan(const NetworkPlan& plan) {
    nlohmann::json root = {{"number", plan.number.value}, {"generation", plan.generation}, {"ipv6", plan.ipv6}};
    for (const auto& [value, name] : kKinds)
        if (value == plan.kind) root["kind"] = name;
    root["addresses"] = as_json(plan.addresses);
    if (!plan.aliases.empty()) root["aliases"] = as_json(plan.aliases);
    if (plan.has_own_view()) root["view"] = "own";
    for (const auto& device : plan.devices)
        root["devices"].push_back({{"name", device.name}, {"addresses", as_json(device.addresses)}, {"gateways", as_json(device.gateways)}});
    root["ports"] = nlohmann::json::array();
    for (const auto& port : plan.ports) root["ports"].push_back(port.text());
    root["uplinks"] = plan.uplinks;
    root["uplink4"] = as_json(plan.uplink4);
    root["uplink6"] = as_json(plan.uplink6);
    return root.dump();
}

Result<NetworkPlan> parse_plan(std::string_view text) { return PlanReader(text).read(); }

}  // namespace vs::server
