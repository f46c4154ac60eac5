#pragma once
// `vserver guard watch`: scans a server when the file system below says that something of it has changed, and looks every second at the
// ports and programs of those that run. Events say when to look and who it was; what is wrong is the scan's to say, so an event that
// was lost costs nothing but time: an overflow of the kernel's queue has every server scanned, and so does each ten minutes.

#include <functional>
#include <string>

#include "guard/notify.hpp"
#include "storage/store.hpp"

namespace vs::guard {

/// Until a signal ends it. Each alert goes to the notifier and to `told`.
Result<> watch(const storage::Store& store, Notifier& notifier, const std::function<void(const Alert&)>& told);

}  // namespace vs::guard
