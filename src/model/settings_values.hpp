#pragma once
// How each kind of value of a settings file is read and written. A reader takes a value of the document and fails with its
// place; a writer gives TOML that the reader takes for the same value, or nothing for a value that is not set.

#include "model/document.hpp"
#include "model/settings.hpp"

namespace vs::model {

Result<std::string> read_text(const Node& node);
std::string write_text(const std::string& text);

Result<std::vector<std::string>> read_texts(const Node& node);
std::string write_texts(const std::vector<std::string>& texts);

Result<bool> read_truth(const Node& node);
std::string write_truth(bool truth);

/// A whole number that fits in 32 bits; what it means is judged by the check.
Result<int> read_number(const Node& node);
std::string write_number(int number);

/// 0 and more.
Result<std::uint64_t> read_count(const Node& node);
std::string write_count(std::uint64_t count);

/// 0 to 2^32-1.
Result<std::uint32_t> read_weight(const Node& node);
std::string write_weight(const std::optional<std::uint32_t>& weight);

/// "512M", or a number of bytes.
Result<std::uint64_t> read_size(const Node& node);
std::string write_size(const std::optional<std::uint64_t>& bytes);

/// "150%".
Result<std::uint32_t> read_percent(const Node& node);
std::string write_percent(const std::optional<std::uint32_t>& percent);

/// "90s", or a number of seconds.
Result<std::chrono::milliseconds> read_duration(const Node& node);
std::string write_duration(std::chrono::milliseconds duration);

/// "1024:4096" (soft:hard), "1024" (both), "unlimited" for either; sizes may have K, M, G, T.
Result<ResourceLimit> read_resource_limit(const Node& node);
std::string write_resource_limit(const ResourceLimit& limit);

/// Names to keep, or "!name" to take away from what a guest keeps by default.
Result<CapabilitySet> read_capabilities(const Node& node);
std::string write_capabilities(CapabilitySet set);

Result<std::vector<IpAddress>> read_addresses(const Node& node);
std::string write_addresses(const std::vector<IpAddress>& addresses);

Result<std::vector<NetworkAddress>> read_network_addresses(const Node& node);
std::string write_network_addresses(const std::vector<NetworkAddress>& addresses);

Result<std::vector<PortRedirect>> read_ports(const Node& node);
std::string write_ports(const std::vector<PortRedirect>& ports);

Result<NetworkKind> read_network_kind(const Node& node);
std::string write_network_kind(NetworkKind kind);

Result<NetworkView> read_network_view(const Node& node);
std::string write_network_view(NetworkView view);

Result<InitKind> read_init_kind(const Node& node);
std::string write_init_kind(InitKind kind);

/// "ro" or "rw"; true is writable.
Result<bool> read_mount_mode(const Node& node);
std::string write_mount_mode(bool writable);

}  // namespace vs::model
