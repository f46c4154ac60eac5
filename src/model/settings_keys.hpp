#pragma once
// The one table of keys of a settings file. The parser, the suggestions, the printed example and the check of the manual
// page come from it: a key that is added here is known everywhere.

#include <span>

#include "model/settings_values.hpp"

namespace vs::model {

/// A key of a table that is read into a T.
template <typename T>
struct Key {
    std::string_view name;
    std::string_view help;     ///< the comment above it in the example
    std::string_view example;  ///< what the example shows, commented out, when the default is nothing; already TOML
    Result<void> (*read)(const Node&, T&);
    std::string (*write)(const T&);
};

std::span<const Key<Settings>> top_keys();
std::span<const Key<NetworkSettings>> network_keys();
std::span<const Key<Limits>> limit_keys();
std::span<const Key<GuardSettings>> guard_keys();
std::span<const Key<LogSettings>> log_keys();
std::span<const Key<OwnDevice>> device_keys();
std::span<const Key<HostMount>> mount_keys();
std::span<const Key<Service>> service_keys();

/// A table of the file: what stands below [network] or in each [[mount]].
struct Section {
    std::string_view name;
    std::string_view title;  ///< "[network]", or "[[mount]]" where there may be several
    std::vector<std::string_view> (*keys)();  ///< the names it may hold
    Result<void> (*read)(const Node&, Settings&);
};
std::span<const Section> sections();

/// Reads the document itself: the top keys, and the sections below them.
Result<void> read_settings(const Node& document, Settings& settings);

/// Every key with its section: "nice", "network.kind", "mount.from", "ulimits.nofile".
std::vector<std::string> all_keys();

}  // namespace vs::model
