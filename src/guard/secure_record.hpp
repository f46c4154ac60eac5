#pragma once
// What apply of secure-host left about itself (secure_host.hpp).

#include <optional>
#include <string>
#include <vector>

#include "model/settings.hpp"
#include "storage/store.hpp"

namespace vs::guard {

struct SecureRecord {
    std::string server;
    std::vector<model::OwnDevice> devices;  ///< as the main environment had them
    std::string settings_before, settings_after;
};
/// nullopt where this machine is not secured.
Result<std::optional<SecureRecord>> read_secure_record(const storage::Store& store);
Result<> write_secure_record(const storage::Store& store, const SecureRecord& record);
Result<> remove_secure_record(const storage::Store& store);

}  // namespace vs::guard
