#include <cerrno>
#include <nlohmann/json.hpp>

#include "guard/secure_record.hpp"
#include "sys/file.hpp"

namespace vs::guard {

namespace {

using json = nlohmann::ordered_json;

constexpr const char* kFile = "secure-host.json";
constexpr std::size_t kLargest = 4 << 20;
constexpr const char *kGivenAway = "given away", *kBehindRules = "behind rules";

Result<sys::DirFd> guard_dir(const storage::Store& store) {
    auto path = store.path() + "/guard";
    TRY(sys::make_dirs(path, 0700));
    return sys::open_dir(sys::kHere, path);
}

template <typename Values>
json texts(const Values& values) {
    auto list = json::array();
    for (const auto& value : values) list.push_back(value.text());
    return list;
}

std::string text(const json& object, const char* key) {
    auto value = object.value(key, json());
    return value.is_string() ? value.get<std::string>() : "";
}

template <typename Value>
Result<> read_values(const json& object, const char* key, std::vector<Value>& values) {
    auto list = object.value(key, json::array());
    if (!list.is_array()) return fail(Code::failed, "'{}' is no list", key);
    for (const auto& item : list) values.push_back(TRY(Value::parse(item.is_string() ? item.get<std::string>() : "")));
    return {};
}

using Bytes = std::vector<std::uint8_t>;

json of_messages(const std::vector<std::string>& messages) {
    auto list = json::array();
    for (const auto& message : messages) list.push_back(Bytes(message.begin(), message.end()));
    return list;
}

Result<std::vector<std::string>> read_messages(const json& object, const char* key) {
    std::vector<std::string> messages;
    auto list = object.value(key, json::array());
    if (!list.is_array()) return fail(Code::failed, "'{}' is no list", key);
    for (const auto& item : list) {
        auto& message = messages.emplace_back();
        if (!item.is_array()) return fail(Code::failed, "'{}' is no list of lists", key);
        for (const auto& byte : item) {
            if (!byte.is_number_unsigned() || byte.get<std::uint64_t>() > 255) return fail(Code::failed, "'{}' has what is no byte", key);
            message.push_back(static_cast<char>(byte.get<std::uint8_t>()));
        }
    }
    return messages;
}

json of_state(const sys::DeviceState& state) {
    json object = {{"up", state.up}, {"address_messages", of_messages(state.addresses)}, {"route_messages", of_messages(state.routes)}};
    if (state.address_generation) object["address_generation"] = *state.address_generation;
    return object;
}

Result<sys::DeviceState> read_state(const json& object) {
    auto addresses = TRY(read_messages(object, "address_messages")), routes = TRY(read_messages(object, "route_messages"));
    sys::DeviceState state{.up = object.value("up", json(true)) == json(true), .address_generation = {}, .addresses = std::move(addresses), .routes = std::move(routes)};
    if (auto mode = object.value("address_generation", json()); mode.is_number_unsigned() && mode.get<std::uint64_t>() < 256) state.address_generation = mode.get<std::uint8_t>();
    return state;
}

Result<SecureRecord> parse(const std::string& content) {
    auto root = json::parse(content, nullptr, false);
    if (!root.is_object() || !root.value("devices", json()).is_array()) return fail(Code::failed, "it is no record of secure-host");
    auto layout = root.value("layout", json(kGivenAway));  // those of before there were two have none
    if (layout != kGivenAway && layout != kBehindRules) return fail(Code::failed, "its layout is none that this program knows");
    SecureRecord record{layout == kGivenAway ? Layout::given_away : Layout::behind_rules, text(root, "server"), {}, {}, text(root, "settings_before"), text(root, "settings_after")};
    for (const auto& item : root["devices"]) {
        if (!item.is_object()) return fail(Code::failed, "a device in it is no object");
        auto& device = record.devices.emplace_back();
        device.name = text(item, "name");
        TRY(read_values(item, "addresses", device.addresses));
        TRY(read_values(item, "gateways", device.gateways));
        if (item.contains("before") && item["before"].is_object()) record.before[device.name] = TRY(read_state(item["before"]));
    }
    return record;
}

}  // namespace

Result<std::optional<SecureRecord>> read_secure_record(const storage::Store& store) {
    auto content = sys::read_file(TRY(guard_dir(store)), kFile, kLargest);
    if (!content && content.error().errno_value == ENOENT) return std::nullopt;
    return std::optional(TRY_WITH(parse(TRY(std::move(content))), "read {}/guard/{}", store.path(), kFile));
}

Result<> write_secure_record(const storage::Store& store, const SecureRecord& record) {
    json root = {{"layout", record.layout == Layout::given_away ? kGivenAway : kBehindRules}, {"server", record.server}, {"devices", json::array()}};
    for (const auto& device : record.devices)
        root["devices"].push_back({{"name", device.name}, {"addresses", texts(device.addresses)}, {"gateways", texts(device.gateways)}});
    for (auto& device : root["devices"])
        if (auto state = record.before.find(device["name"].get<std::string>()); state != record.before.end()) device["before"] = of_state(state->second);
    root["settings_before"] = record.settings_before;
    root["settings_after"] = record.settings_after;
    return sys::replace_file(TRY(guard_dir(store)), kFile, root.dump(2) + "\n", 0600, sys::Durability::synced);
}

Result<> remove_secure_record(const storage::Store& store) { return sys::remove_file(TRY(guard_dir(store)), kFile); }

}  // namespace vs::guard
