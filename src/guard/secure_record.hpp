#pragma once
// What apply of secure-host left about itself (secure_host.hpp).

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "guard/secure_rules.hpp"
#include "model/settings.hpp"
#include "storage/store.hpp"
#include "sys/device_state.hpp"

namespace vs::guard {

struct SecureRecord {
    Layout layout = Layout::given_away;
    std::string server;                     ///< that has the devices; empty where they stay
    std::vector<model::OwnDevice> devices;  ///< as a server gets them
    std::map<std::string, sys::DeviceState> before{};  ///< what the main environment had on each that was given away, by its name
    std::string settings_before{}, settings_after{};  ///< of the server
};
/// nullopt where this machine is not secured.
Result<std::optional<SecureRecord>> read_secure_record(const storage::Store& store);
Result<> write_secure_record(const storage::Store& store, const SecureRecord& record);
Result<> remove_secure_record(const storage::Store& store);

}  // namespace vs::guard
