// The commented example that `build` writes. A key with its default value is shown commented out ("#nice = 0"), so that the
// file says what could be set and stays free to follow a later default.

#include "model/settings_keys.hpp"

namespace vs::model {

namespace {

template <typename T>
std::string print_key(const Key<T>& key, const T& values) {
    auto value = key.write(values), usual = key.write(T{});
    if (value != usual) return fmt::format("{} = {}\n", key.name, value);
    return fmt::format("#{} = {}\n", key.name, key.example.empty() ? usual : std::string(key.example));
}

template <typename T>
std::string print_table(std::span<const Key<T>> keys, const T& values) {
    std::string out;
    for (const auto& key : keys) out += fmt::format("# {}\n{}", key.help, print_key(key, values));
    return out;
}

/// An example of a table that may be there several times, all of it commented out.
template <typename T>
std::string print_example(std::string_view title, std::span<const Key<T>> keys) {
    std::string out = fmt::format("\n#{}\n", title);
    for (const auto& key : keys) out += fmt::format("# {}\n{}", key.help, print_key(key, T{}));
    return out;
}

/// One such table, with nothing but what it says.
template <typename T>
std::string print_element(std::string_view title, std::span<const Key<T>> keys, const T& values) {
    std::string out = fmt::format("\n{}\n", title);
    for (const auto& key : keys)
        if (key.write(values) != key.write(T{})) out += print_key(key, values);
    return out;
}

template <typename T>
std::string print_list(std::string_view title, std::span<const Key<T>> keys, const std::vector<T>& values) {
    auto out = print_example(title, keys);
    for (const auto& value : values) out += print_element(title, keys, value);
    return out;
}

std::string print_ulimits(const Settings& settings) {
    std::string out = "# Limits of each process, setrlimit(2): \"SOFT:HARD\", one value for both, or \"unlimited\".\n";
    if (settings.ulimits.empty()) out += "#nofile = \"1024:4096\"\n";
    for (const auto& [name, limit] : settings.ulimits) out += fmt::format("{} = {}\n", name, write_resource_limit(limit));
    return out;
}

}  // namespace

std::string print_settings(const Settings& settings, const ServerName& name) {
    auto out = fmt::format("# Settings of the virtual server {}. vserver.toml(5) describes every key.\n\n", name.text());
    out += print_table(top_keys(), settings);
    out += "\n[network]\n" + print_table(network_keys(), settings.network);
    out += "\n[limits]\n" + print_table(limit_keys(), settings.limits);
    out += "\n[ulimits]\n" + print_ulimits(settings);
    out += "\n# What 'scan' expects of its files, beside what it knows of Debian.\n[guard]\n" + print_table(guard_keys(), settings.guard);
    out += "\n# What is kept of what it logs.\n[log]\n" + print_table(log_keys(), settings.log);
    out += "\n# Network devices of the host that the server has for itself." + print_list("[[device]]", device_keys(), settings.devices);
    out += "\n# Directories and files of the host that the server sees." + print_list("[[mount]]", mount_keys(), settings.mounts);
    out += "\n# Programs that vserver-init keeps running." + print_list("[[service]]", service_keys(), settings.services);
    return out;
}

}  // namespace vs::model
