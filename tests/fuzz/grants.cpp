// Whatever the text, what is read as a grant has a user, addresses that can be granted, and bounds.

#include "model/grants.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace vs::model;
    auto grants = parse_grants({reinterpret_cast<const char*>(data), size}, "grants.toml");
    if (!grants) return 0;
    for (const auto& grant : *grants) {
        if (grant.user.empty() || grant.addresses.empty() || grant.locks == 0 || grant.locks > kMostUserLocks || grant.processes == 0) std::abort();
        for (const auto& address : grant.addresses)
            if (address.is_special()) std::abort();
    }
    (void)find_grant(*grants, 1000, "alice:x:1000:1000::/srv/alice:/bin/sh\n");
    return 0;
}
