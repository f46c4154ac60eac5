#pragma once
// `vserver guard watch`: scans a server when the file system below says that something of it has changed, and looks every second at the
// ports and programs of those that run. Events say when to look and who it was; what is wrong is the scan's to say, so an event that
// was lost costs nothing but time: an overflow of the kernel's queue has every server scanned, and so does each ten minutes.

#include <functional>
#include <string>

#include "guard/notify.hpp"
#include "storage/store.hpp"

namespace vs::guard {

struct WatchOptions {
    std::uint64_t bytes_per_hour = std::uint64_t{8} << 30;  ///< of everything, read again (reading.hpp); 0: nothing is
    std::function<void(const Alert&)> told;                 ///< hears each alert, as the notifier does
};
/// Until a signal ends it.
Result<> watch(const storage::Store& store, Notifier& notifier, const WatchOptions& options);

}  // namespace vs::guard
